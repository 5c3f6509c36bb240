"""One small file of each kind that holds others, for tests that damage them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from functools import cache

from tests.made.compound import Attachment, Message, msg_file
from tests.made.tnef import winmail, winmail_with_mail

CSV = "日期,门店,数量\n2026-09-15,一店,3\n2026-09-15,二店,4\n".encode("gb18030")
PASSWORD = "p1"
MAIL = (
    b"From: =?gb2312?B?u6q2qw==?= <a@b.example>\r\nSubject: \xcf\xfa\xca\xdb\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=gbk\r\n\r\nx\r\n--b\r\n"
    b"Content-Disposition: attachment; filename*0*=gbk''%C1%F7; filename*1=a.csv\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nYSxiCjEsMgo=\r\n--b--\r\n"
)


@cache
def containers() -> dict[str, bytes]:
    """File name to bytes."""
    import msoffcrypto.format.ooxml as ooxml
    import py7zr
    import pyzipper
    import xlsxwriter

    zipped, locked, seven, hidden, tarred, workbook, office = (io.BytesIO() for _ in range(7))
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("流向.csv", CSV)
        archive.writestr("b.csv", CSV * 20)
    with pyzipper.AESZipFile(locked, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD.encode())
        archive.writestr("a.csv", CSV)
    for buffer, password in ((seven, None), (hidden, PASSWORD)):
        with py7zr.SevenZipFile(buffer, "w", password=password, header_encryption=password is not None) as opened:
            opened.writestr(CSV, "a.csv")
    with tarfile.open(fileobj=tarred, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("流向.csv", "n" * 150 + ".csv"):
            info = tarfile.TarInfo(name)
            info.size = len(CSV)
            tar.addfile(info, io.BytesIO(CSV))
    book = xlsxwriter.Workbook(workbook)
    book.add_worksheet("s").write_row(0, 0, ["日期", "数量"])
    book.close()
    ooxml.OOXMLFile(io.BytesIO(workbook.getvalue())).encrypt(PASSWORD, office)
    inner = Message("inner", [Attachment("c.csv", CSV)])
    html = "<html><table><tr><td>门店</td></tr></table></html>".encode("gbk")
    return {
        "a.zip": zipped.getvalue(),
        "locked.zip": locked.getvalue(),
        "a.7z": seven.getvalue(),
        "hidden.7z": hidden.getvalue(),
        "a.tar": tarred.getvalue(),
        "a.tar.gz": gzip.compress(tarred.getvalue(), mtime=0),
        "a.csv.gz": gzip.compress(CSV, mtime=0),
        "a.csv.bz2": bz2.compress(CSV),
        "a.csv.xz": lzma.compress(CSV),
        "a.eml": MAIL,
        "a.msg": msg_file(
            Message("外", [Attachment("a.csv", CSV), Attachment("", inner, display="x"), Attachment("z.zip", zipped.getvalue())])
        ),
        "body.msg": msg_file(Message("外", html=html, text="密码")),
        "winmail.dat": winmail([("a.csv", CSV, "流向.csv"), ("b.zip", zipped.getvalue(), None)], html=html),
        "mail.winmail.dat": winmail_with_mail(winmail([("a.csv", CSV, None)]), "x"),
        "locked.xlsx": office.getvalue(),
        "a.xlsx": workbook.getvalue(),
    }
