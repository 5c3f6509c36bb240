"""Help texts in Chinese, by their English wording; ``./do check`` says which command or option has none."""

from __future__ import annotations

from typing import Any

HELP = {
    "Collect what has no API, harmonise it, and send a daily report whose every number leads back to its cell.": "收集没有接口的数据，统一口径，每天出报告；报告中的每个数字都能追到原始单元格。",
    "Language of texts: zh or en.": "文字语言：zh 或 en。",
    "Print the version and stop.": "显示版本后退出。",
    "Write a small working project: one folder source with a sample, one model, one report.": "新建一个可立即运行的小项目：一个带样例的文件夹来源、模型和一份报告。",
    "New folder of the project.": "项目的新文件夹。",
    "Act as if it were this instant (2026-10-12T08:30:00+08:00).": "按这一时刻运行（2026-10-12T08:30:00+08:00）。",
    "Simulate a company through real protocols on this machine and run the whole pipeline on it.": "在本机用真实协议模拟一家公司，并跑完整条流水线。",
    "Folder for project and reports.": "存放项目与报告的文件夹。",
    "Print the score in full.": "显示完整评分。",
    "Seed of the simulated company.": "模拟公司的随机种子。",
    "Plant no faults.": "不植入错误。",
    "Leave project and servers up to play with, until Ctrl-C.": "保留项目与服务器供试用，按 Ctrl-C 结束。",
    "Leave the documents out.": "不生成文档。",
    "One JSON object on stdout.": "在标准输出给出一个 JSON 对象。",
    "Collect, load, check, build and report whatever is due; safe to call again at any time.": "采集、入库、核对、建模、出报告：凡到期的都做；可随时重复运行。",
    "Folder of the project.": "项目文件夹。",
    "Only this source (again for more).": "只处理这个来源（可重复）。",
    "Only what is due (for cron): models wait until a report needs them.": "只做到期的事（用于 cron）：报告需要时才建模。",
    "Say what would be done; change nothing.": "只说明会做什么，不做更改。",
    "Backfill: ask the sources for days from this one on (2026-08-01).": "补采：从这一天起重新索取（2026-08-01）。",
    "Backfill: up to and with this day; yesterday if absent.": "补采：到这一天为止（含）；省略则到昨天。",
    "Collect, load and build only.": "只采集、入库、建模。",
    "Poke the planner again and again until stopped; a missed morning is caught up at the next poke.": "常驻运行，反复检查到期事项，直到停止；错过的早晨下次补上。",
    "Seconds between two pokes.": "两次检查之间的秒数。",
    "Stop after so many pokes.": "检查这么多次后停止。",
    "The arrival matrix, open holds and the latest reports.": "到报情况、待处理的文件与最近的报告。",
    "So many business days back.": "往前这么多个业务日。",
    "Only this source.": "只看这个来源。",
    "Write the matrix as a page.": "把到报情况写成网页。",
    "Group unknown files by layout, and write a proposed source for each group: source.yml, layouts, masked samples.\n\n"
    'Every line says what it rests on; what the files cannot tell is marked "decide". Nothing that exists is overwritten.': "把未知文件按格式分组，为每组写出建议的来源：source.yml、layouts、脱敏样例。\n\n每行都注明依据；文件说明不了的标为 decide。不覆盖已有内容。",
    "A file, or a folder with files of any number of senders.": "一个文件，或含任意多家文件的文件夹。",
    "Name of the source, where the files are one.": "来源的名称（文件同属一个来源时）。",
    "Add the layouts to this source of the project.": "把格式加到项目的这个来源。",
    "How the files will come: folder, upload, mailbox, sftp, ftp, smb, webdav, s3.": "文件将如何到来：folder、upload、mailbox、sftp、ftp、smb、webdav、s3。",
    "Account of taihu.yml that they come by.": "taihu.yml 中用于收取的账号。",
    "Reference to a password (env:NAME, file:PATH); several are tried.": "密码引用（env:名称、file:路径）；可给多个，逐一尝试。",
    "Show what would be written, write nothing.": "只显示将写入的内容，不写文件。",
    "Also change the source.yml of sources that exist, without asking.": "不再询问，直接修改已有来源的 source.yml。",
    "Show header, rows, proposed types and control totals of every table in a file.": "显示文件中每张表的表头、行、建议类型与自带合计。",
    "Any files, or folders of them: workbook, text, HTML, PDF, archive, mail.": "任意文件或文件夹：工作簿、文本、网页、PDF、压缩包、邮件。",
    "Read it as this source of the project would.": "按项目中这个来源的方式读取。",
    "Write each table as UTF-8 CSV into this folder.": "把每张表以 UTF-8 CSV 写入此文件夹。",
    "So many rows are shown of each table.": "每张表显示这么多行。",
    "Formula, numerator and denominator, contributing rows, and the very cells they came from.": "公式、分子与分母、相关的行，以及它们来自的单元格。",
    "Id of a figure (f-...), as printed in the report; or 'list' for the latest report's figures.": "报告中印出的数字编号（f-…）；list 列出最近报告的全部数字。",
    "So many rows are opened in their source file.": "在原始文件中打开这么多行。",
    "So many rows are listed; 0 for all.": "列出这么多行；0 为全部。",
    "Design document, data dictionary, lineage, diagrams and slides; --check says whether they are up to date.": "设计文档、数据字典、血缘、图与幻灯片；--check 检查是否过期。",
    "Folder to write into; generated/ of the project if absent.": "写入的文件夹；省略则为项目的 generated/。",
    "Change nothing; fail if a document is stale.": "不做更改；有文档过期即失败。",
    "Check files, keys, secrets, disk, calendar, models and the reach of every source; changes nothing unless told to.": "检查文件、密钥、密码、磁盘、日历、模型以及每个来源是否可达；除非要求，不做更改。",
    "Free a lease (run, table:...) whose holder is gone on another host or container.": "解除占用（run、table:…），占用者在别的主机或容器中且已不存在时使用。",
    "Why the lease may be broken; stays on record.": "可以解除的原因；记录在案。",
    "List what could not be collected; with a name, try it again at once.": "列出未能采集的内容；给出名称则立即再试。",
    "Sources, or ids of items.": "来源名或条目编号。",
    "Try this account's refused login once more.": "再试一次此账号被拒的登录。",
    "Everything that is listed.": "列出的全部。",
    "Do not try these items any more; they count as known.": "不再尝试这些条目，视为已知。",
    "Why they are given up; stays on record.": "放弃的原因；记录在案。",
    "Propose corrections: cells that the other rows contradict, with the evidence. Nothing is changed.": "建议更正：与其他行矛盾的单元格及其证据；不作任何修改。",
    "Refused rows: reason, file, position and column.": "被拒的行：原因、文件、位置与列。",
    "Open the rows of this arrival in its file.": "在原始文件中打开此到件的行。",
    "Working days by year: show what is known, import a new notice.": "各年工作日：查看已知安排，导入新的放假通知。",
    "Take over the State Council's notice for a year: the file replaces what was known of that year.": "采用国务院的年度放假通知：文件取代该年此前的安排。",
    "JSON file: year, papers, days with name, date, isOffDay.": "JSON 文件：year、papers、days（name、date、isOffDay）。",
    "Years with their workdays and where they are known from; with a year, the days that differ from their weekday.": "各年的工作日数与依据；给出年份则列出与星期不同的日子。",
    "A year, to see its days.": "年份，列出其日期。",
    "Let a party off some days: what does not come is not missing then; what comes after all is taken as ever.": "豁免某方某些天的报送：未到不算缺报；若仍送来，照常收下。",
    "The source.": "来源。",
    "Key or name of the party; left out where the source is its own.": "报送方的编码或名称；来源本身即报送方时省略。",
    "First business day (2026-10-01).": "第一个业务日（2026-10-01）。",
    "Last business day; the first one if absent.": "最后一个业务日；省略则只有一天。",
    "Why nothing need come; stays on record.": "无需报送的原因；记录在案。",
    "Who decides; the login name if absent.": "决定人；省略则为登录名。",
    "Only pairs of this domain (store, product ...).": "只看这个领域的配对（store、product 等）。",
    "Id of a pair that is one thing.": "判定为同一个的配对编号。",
    "Id of a pair that is two things.": "判定为两个的配对编号。",
    "Id of a pair whose answer is taken back.": "撤回判定的配对编号。",
    "Why; stays on record.": "原因；记录在案。",
    "List what was decided instead.": "改为列出已判定的。",
    "Answer what the matching could not: y for one thing, n for two, u to take the last answer back.": "回答自动匹配无法判定的配对：y 同一个，n 两个，u 撤回上一个。",
    "Take a waiver back: the days are owed again.": "撤销豁免：这些天重新应报。",
    "Say what it would change; change nothing.": "只说明会改变什么，不做更改。",
    "Hand in files for any source, as if they had come its way; the next run reads them.": "为任一来源手工交入文件，视同正常到达；下次运行时读取。",
    "Files to hand in.": "要交入的文件。",
    "The source that they are of.": "文件所属的来源。",
    "Mail address of the sender, where the source knows its parties by it.": "发件人地址（来源按发件人识别报送方时）。",
    "Subject of the mail, where the source looks there.": "邮件主题（来源从主题识别时）。",
    "Why it is handed in; stays on record.": "手工交入的原因；记录在案。",
    "Who hands it in; the login name if absent.": "交入人；省略则为登录名。",
    "Write the JSON Schemas of taihu.yml, source.yml, layouts, portal, glossary, model headers, reports and roles.": "写出 taihu.yml、source.yml、layouts、portal、glossary、模型头、报告与角色的 JSON Schema。",
    "Folder to write them into; without it they are listed.": "写入的文件夹；省略则只列出。",
    "List publications, make one again, show its files.": "列出已发布的报告；重建；查看文件。",
    "Publications, newest last.": "已发布的报告，最新的在最后。",
    "Render a publication again from its pinned tables and compare the bytes with what was archived.": "用发布时固定的表版本重新生成报告，并与归档逐字节比较。",
    "Id (or its beginning) of a publication.": "报告的编号（或其开头）。",
    "Also write the files into this folder.": "同时把文件写入此文件夹。",
    "Try a portal's recipe, log in by hand, see why it failed.": "试走门户步骤、人工登录、查看失败原因。",
    "Walk a portal's recipe up to its downloads and say how each step went; nothing is landed.": "走一遍门户步骤直到下载之前，说明每步结果；不收取任何文件。",
    "Open a browser for a person to log in (captcha, code); the next run goes on with that session.": "打开浏览器由人登录（验证码等）；下次运行沿用该会话。",
    "Show the steps of a walk that failed, and how the page differs from the one of the last good walk.": "显示失败的步骤，以及页面与上次成功时的差别。",
    "Write page, picture, differences and steps into this folder.": "把页面、截图、差别与步骤写入此文件夹。",
    "1 is the newest trace, 2 the one before it.": "1 为最近一次，2 为再前一次。",
    "Passwords in the keyring: keep one, list their names.": "密钥环中的密码：存入、列出名称。",
    "Name, as in keyring:NAME.": "名称，即 keyring:名称。",
    "Keep a password in the keyring; it is asked for, or read from the standard input, and never an argument.": "把密码存入密钥环；密码由提示输入或从标准输入读取，不作为参数。",
    "Names of the passwords in the keyring; never their values.": "密钥环中密码的名称，不显示值。",
    "List held files; release one.": "列出待处理的文件；放行。",
    "Open holds with their reason and what to do.": "待处理的文件、原因与办法。",
    "Release a held file: the next run loads it without the rule that held it.": "放行一个文件：下次运行不再按扣留它的规则处理，直接入库。",
    "One hold in full; where the header is unknown, layouts that would read the file, to be looked at and saved.": "一个待处理项的全部信息；表头不认识时，给出能读此文件的格式，供核对后保存。",
    "Id of the hold.": "待处理项的编号。",
    "Why it may go into the figures; stays on record.": "可以计入的原因；记录在案。",
}


def into_chinese(command: Any) -> None:
    """Put the help of a command, its options and the commands below it into Chinese."""
    command.help = HELP.get((command.help or "").strip(), command.help)
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = HELP.get(parameter.help, parameter.help)
    for child in getattr(command, "commands", {}).values():
        into_chinese(child)


def without_chinese(command: Any) -> list[str]:
    """Help texts of a command and those below it that have no Chinese yet."""
    texts = [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]
    missing = [text.strip() for text in texts if text.strip() and text.strip() not in HELP]
    for child in getattr(command, "commands", {}).values():
        missing += without_chinese(child)
    return list(dict.fromkeys(missing))
