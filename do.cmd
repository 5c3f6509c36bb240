@echo off
rem The tasks of this project on Windows (not yet tried there); see ./do for what each one does.
setlocal
cd /d "%~dp0"
if "%PYTHON%"=="" set PYTHON=py -3
if not exist .venv\Scripts\python.exe %PYTHON% -m venv .venv || exit /b 2
set TASK=%1
set LOCK=requirements-dev.lock
if "%TASK%"=="demo" set LOCK=requirements.lock
.venv\Scripts\python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r %LOCK% || exit /b 1
set PYTHONPATH=%CD%\src
for /f "tokens=1,* delims= " %%a in ("%*") do set REST=%%b
if "%TASK%"=="demo" .venv\Scripts\python -m taihu demo %REST%
if "%TASK%"=="test" .venv\Scripts\python -m pytest -n 2 %REST%
if "%TASK%"=="check" .venv\Scripts\python -m tests.house
if "%TASK%"=="bench" .venv\Scripts\python -m tests.bench %REST%
if "%TASK%"=="soak" .venv\Scripts\python -m tests.soak %REST%
exit /b %ERRORLEVEL%
