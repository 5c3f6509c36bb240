"""``python -m taihu``."""

from taihu.cli.main import main

if __name__ == "__main__":
    main()
