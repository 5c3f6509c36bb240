"""Errors in Chinese: of the project's files, of commands, of what does not exist.

An error is raised in English, so that logs and the ledger read the same everywhere; here its sentence is put into Chinese for who
reads it on the terminal. ``{}`` stands for what is filled in. A sentence that is not known is shown as it is.
"""

from __future__ import annotations

import re
from functools import cache

from taihu.core.errors import TaihuError

ERRORS = {
    # files of the project
    "{} is not a project: it has no taihu.yml": "{} 不是项目：没有 taihu.yml",
    "call taihu inside a project, or make one with: taihu init DIR": "请在项目文件夹中运行 taihu，或新建一个：taihu init 文件夹",
    "not valid YAML: {}": "YAML 写法有误：{}",
    "key {} occurs twice": "键 {} 出现了两次",
    "key {} is missing": "缺少键 {}",
    "unknown key {}, did you mean {}?": "不认识的键 {}，是否指 {}？",
    "unknown key {}": "不认识的键 {}",
    "{}: unknown value {}, did you mean {}?": "{}：不认识的值 {}，是否指 {}？",
    "{}: unknown value {}": "{}：不认识的值 {}",
    "one of: {}": "可选：{}",
    "unknown {} {}, did you mean {}?": "不认识的{} {}，是否指 {}？",
    "unknown {} {}": "不认识的{} {}",
    "unknown reference source {}, did you mean {}?": "不认识的参考来源 {}，是否指 {}？",
    "unknown reference source {}": "不认识的参考来源 {}",
    "{}: {} is not a duration such as '15 minutes' or '2 days'": "{}：{} 不是时长，应写成 '15 minutes' 或 '2 days'",
    "{}: {} is not a time of day such as '08:30'": "{}：{} 不是时刻，应写成 '08:30'",
    "{}: {} is not a day such as 2026-08-17": "{}：{} 不是日期，应写成 2026-08-17",
    "{}: a secret is a reference (env:NAME, file:PATH or keyring:NAME), never the value itself": "{}：密码只写引用（env:名称、file:路径 或 keyring:名称），不写值本身",
    "{} names {}, which is not a column": "{} 中的 {} 不是已声明的列",
    "load: {} needs key:": "load: {} 需要 key:",
    "expected keys and values": "此处应为“键: 值”",
    "expected a list of corrections": "此处应为更正的列表",
    "account {} is of kind {}, which via: {} cannot use": "账号 {} 的类型是 {}，via: {} 不能使用",
    "kinds that it can use: {}": "可用的类型：{}",
    "a portal source needs its recipe portal.yml": "门户来源需要步骤文件 portal.yml",
    "{} is not a layer; models lie in models/core or models/mart": "{} 不是层；模型放在 models/core 或 models/mart",
    "table {} is also built by {}": "表 {} 也由 {} 生成",
    "load: replace replaces whole days of a party, so it needs business_date:": "load: replace 按报送方整天替换，因此需要 business_date:",
    "name the column with the business date, or load by key: load: upsert": "写明业务日期所在的列，或按主键合并：load: upsert",
    "write {}/layouts/{}.yml": "请编写 {}/layouts/{}.yml",
    "term {} is explained twice": "术语 {} 解释了两次",
    "{} has no {}, by which the rows of {} are chosen": "{} 没有 {}，而 {} 的行按它筛选",
    "add {}: to the person": "为此人补充 {}:",
    "the file does not begin with a /* header */": "文件没有以 /* 头部 */ 开始",
    "see docs/models.md": "见 docs/models.md",
    "no connector for via: {}": "没有 via: {} 的连接器",
    "known ones are {}": "已有：{}",
    "{} is not empty": "{} 不是空文件夹",
    "give the name of a new folder": "请给出新文件夹的名称",
    "the packaged calendar is cn": "自带的日历是 cn",
    "not a calendar file: {}": "不是日历文件：{}",
    # unknown files
    "cannot add {}: to the file by itself": "不能自动在文件中加入 {}:",
    "set {} to {}": "请将 {} 设为 {}",
    "{} is not in the file": "{} 不在文件中",
    "set it to {}": "请设为 {}",
    "there are no files in {}": "{} 中没有文件",
    "give a file, or a folder with files in it": "请给出一个文件，或含文件的文件夹",
    "onboard does not know via {}": "onboard 不认识 via {}",
    "one of {}": "可选：{}",
    "--name fits one source, the files are {}": "--name 只适用于一个来源，这些文件属于 {} 个",
    "leave it out, or give the files of one source": "省略它，或只给同一来源的文件",
    "{} cannot be the name of a source": "{} 不能作为来源名",
    "small letters, digits and underscores": "只用小写字母、数字和下划线",
    "the files lack what source {} needs: {}": "这些文件缺少来源 {} 所需的：{}",
    "leave --into out for a source of its own, or put the headers that mean these columns into its from: by hand": "省略 --into 则建议新来源；"
    "或把表示这些列的表头手工写入它的 from:",
    "{} is there already": "{} 已存在",
    "give another --name, or remove it": "换一个 --name，或先移走它",
    # commands
    "there is no language {}": "没有语言 {}",
    "--lang zh or --lang en": "--lang zh 或 --lang en",
    "--as-of {} is not an instant with a zone": "--as-of {} 不是带时区的时刻",
    "write it as 2026-10-12T08:30:00+08:00": "写成 2026-10-12T08:30:00+08:00",
    "a file is released for a reason": "放行须说明原因",
    "a lease is broken for a reason": "解除占用须说明原因",
    "a day is waived for a reason": "豁免须说明原因",
    "add --because REASON": "加 --because 原因",
    "items are given up by id and for a reason": "放弃条目须给出编号与原因",
    "taihu retry ITEM --give-up --because REASON": "taihu retry 编号 --give-up --because 原因",
    "{} is not empty and was not made by taihu demo": "{} 不是空文件夹，也不是 taihu demo 生成的",
    "name another folder: taihu demo DIR": "换一个文件夹：taihu demo 文件夹",
    "there are no days from {} to before {}": "从 {} 到 {} 之前没有日期",
    "--from comes before --to, and --to is over": "--from 须早于 --to，且 --to 已过去",
    "a backfill needs --from DATE, and --to DATE if it ends before yesterday": "补采需要 --from 日期；若不到昨天为止，还需 --to 日期",
    "write 2026-08-01": "写成 2026-08-01",
    "there are no days from {} to {}": "从 {} 到 {} 没有日期",
    "--from comes before --to": "--from 须早于 --to",
    "a waiver needs --from DATE, and --to DATE if it is more than one day": "豁免需要 --from 日期；多于一天时还需 --to 日期",
    "write 2026-10-01": "写成 2026-10-01",
    "nothing is expected of {}": "{} 没有约定应报时间",
    "only what is owed can be waived": "只有应报的才能豁免",
    "{} knows its parties by the {}": "{} 按 {} 识别报送方",
    "add --{} as it was in the mail": "加 --{}，按邮件中的原样",
    # what does not exist
    "there is no source {}": "没有来源 {}",
    "sources: {}": "已有来源：{}",
    "there is no account {}": "没有账号 {}",
    "accounts: {}": "已有账号：{}",
    "there is no portal source {}": "没有门户来源 {}",
    "portal sources: {}": "门户来源：{}",
    "there are {} traces of {}": "{1} 的失败记录有 {0} 条",
    "a trace is kept when a step of a portal fails": "门户某一步失败时才会留下记录",
    "there is no hold {}": "没有待处理项 {}",
    "there is no open hold {}": "没有未处理的待处理项 {}",
    "list them with: taihu hold list": "用 taihu hold list 列出",
    "there is no publication {}": "没有已发布的报告 {}",
    "there is no figure {}": "没有数字 {}",
    "more than one {} starts with {}": "不止一个{}以 {} 开头",
    "give more characters of its id": "请多给几位编号",
    "give at least {} characters of its id": "编号至少给 {} 位",
    "taihu hold list shows those that are open": "用 taihu hold list 查看待处理项",
    "taihu report list shows them": "用 taihu report list 查看",
    "taihu explain list shows them": "用 taihu explain list 查看",
    "there is no arrival {}": "没有到件 {}",
    "the hold {} is not open any more": "待处理项 {} 已经结束",
    "see taihu hold list": "见 taihu hold list",
    "{} has no party {}": "{} 没有报送方 {}",
    "parties: {}": "报送方：{}",
    "{} parties of {} are called {}": "{1} 中有 {0} 个报送方叫 {2}",
    "give the key: {}": "请给出编码：{}",
    "nothing of {} is waived in {}": "{} 在 {} 没有豁免",
    "taihu status shows what is waived": "用 taihu status 查看豁免",
    "{} is neither a source nor one item that could not be fetched": "{} 既不是来源，也不是未取到的条目",
    "taihu retry lists them": "用 taihu retry 列出",
    "{} has no column {}": "{} 没有列 {}",
    "it has: {}": "已有：{}",
    "{} has no {}, by which the report is split": "{} 没有 {}，而报告按它拆分",
    "{} has no column {}, by which the report is split": "{} 没有列 {}，而报告按它拆分",
    "add {}: to it": "请补充 {}:",
    # at work
    "the message {} cannot become {}": "邮件 {} 不能变为 {}",
    "see its state with taihu status": "用 taihu status 查看其状态",
    "{} is being worked on by process {} since {}": "{} 正由进程 {} 处理，自 {} 起",
    "wait until it is done; if that host or container is gone for good: taihu doctor --break-lease {} --because REASON": "请等它完成；若那台主机或容器已不存在：taihu doctor --break-lease {} --because 原因",
    # who may
    "nobody in roles.yml is called {}": "roles.yml 中没有叫 {} 的人",
    "known: {}": "已有：{}",
    "{} may not {}": "{} 无权{}",
    "ask {}; whoever decides is named with --who": "请找 {}；决定人用 --who 写明",
    "ask whoever keeps roles.yml to name somebody": "请维护 roles.yml 的人指定",
    "there is no role {}": "没有角色 {}",
    "{} has no column {}, by which the rows of role {} are chosen": "{} 没有列 {}，而角色 {} 的行按它筛选",
    "add {} to {}, or leave the table out of what this role gets": "在 {1} 中加入 {0}，或不给此角色这张表",
    "{} has no {}": "{} 没有 {}",
    # secrets and keys
    "a secret is given by reference, never by value": "密码只写引用，不写值",
    "write env:NAME, file:PATH or keyring:NAME": "写成 env:名称、file:路径 或 keyring:名称",
    "the environment variable {} is not set": "环境变量 {} 未设置",
    "export {}=... before running, or name another reference": "运行前先 export {}=…，或改用别的引用",
    "the secret file {} can be read by others": "密码文件 {} 可被他人读取",
    "chmod 600 {}": "chmod 600 {}",
    "the secret file {} cannot be read ({})": "密码文件 {} 无法读取（{}）",
    "create it with mode 0600": "请以 0600 权限创建",
    "the secret {} needs a keyring": "密码 {} 需要密钥环",
    "{} cannot be the name of a secret": "{} 不能作为密码的名称",
    "letters, digits, dots, dashes and underscores": "只用字母、数字、点、横线和下划线",
    "an empty password is not kept": "不保存空密码",
    "type it, or hand it in on the standard input": "请输入，或从标准输入给出",
    "set keys: in taihu.yml": "在 taihu.yml 中设置 keys:",
    "the keyring {} lies inside the lake": "密钥环 {} 在数据湖之内",
    "keep keys: outside lake:, a copy of the lake must not carry its keys": "keys: 须在 lake: 之外，数据湖的副本不得带有密钥",
    "the keyring {} can be read by others": "密钥环 {} 可被他人读取",
    "the keyring has no generation {}": "密钥环没有第 {} 代",
    "restore the newest backup of the keyring": "请恢复密钥环的最新备份",
    "the keyring holds no secret named {}": "密钥环中没有名为 {} 的密码",
    "taihu keys put {}": "taihu keys put {}",
    "the passphrase does not open the keyring": "口令打不开密钥环",
    "check TAIHU_KEYS_PASSPHRASE": "检查 TAIHU_KEYS_PASSPHRASE",
    "there is no keyring in {}": "{} 中没有密钥环",
    "run taihu init, or restore the keyring from its backup": "运行 taihu init，或从备份恢复密钥环",
    "the keyring is protected by a passphrase": "密钥环有口令保护",
    "set TAIHU_KEYS_PASSPHRASE": "请设置 TAIHU_KEYS_PASSPHRASE",
}
# So many letters of its own make sure that no other sentence is taken for one that begins with what is filled in.
_TELLING = 12
# Words that sentences above are filled with.
_NOUNS = {
    "hold": "待处理项",
    "publication": "已发布的报告",
    "figure": "数字",
    "arrival": "到件",
    "layout": "格式",
    "entity": "法人主体",
    "account": "账号",
    "feed": "汇入口",
    "role": "角色",
    "source": "来源",
    "reference source": "参考来源",
    "connector": "连接器",
    "release": "放行",
    "waive": "豁免",
    "none": "无",
    "sender": "发件人",
    "subject": "邮件主题",
}


def in_chinese(sentence: str) -> str:
    """A sentence of an error in Chinese; as it is where it is not known."""
    for pattern, words in _patterns():
        match = pattern.fullmatch(sentence)
        if match:
            filled = [_NOUNS.get(part, part) for part in match.groups()]
            return words.format(*filled)
    return sentence


def error_in_chinese(error: TaihuError) -> str:
    """What, where and fix, as :class:`TaihuError` writes them."""
    place = f"{error.where}：" if error.where else ""
    remedy = f"\n  {in_chinese(error.fix)}" if error.fix else ""
    return f"{place}{in_chinese(error.what)}{remedy}"


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The table as patterns, those with the most words of their own first; one that begins with what is filled in and says little takes single words only."""
    listed = sorted(ERRORS.items(), key=lambda item: -len(item[0].replace("{}", "")))
    found = []
    for english, chinese in listed:
        telling = not english.startswith("{}") or len(english.replace("{}", "")) >= _TELLING
        filling = "(.+?)" if telling else r"(\S+)"
        found.append((re.compile(filling.join(re.escape(part) for part in english.split("{}")), re.DOTALL), chinese))
    return found
