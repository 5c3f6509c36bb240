"""Provinces and cities as company names and addresses begin with them; only for match keys.

Short names without 省 and 市, by province: prefectures and the county-level cities whose names stand in company names most often.
A place that is missing here stays part of the trade name, which costs a candidate pair at worst and never a value.
"""

from __future__ import annotations

import re
from functools import cache

_BY_PROVINCE = {
    "北京": "", "天津": "", "上海": "", "重庆": "",
    "河北": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 辛集 定州 三河 任丘",
    "山西": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁 介休 孝义",
    "内蒙古": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安盟 锡林郭勒 阿拉善 满洲里",
    "辽宁": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛 海城 瓦房店 庄河",
    "吉林": "长春 四平 辽源 通化 白山 松原 白城 延边 延吉 公主岭 梅河口",
    "黑龙江": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭 绥芬河",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 江阴 张家港 常熟 太仓 宜兴 溧阳 丹阳 海门 启东 如皋 海安 泰兴 靖江 "
    "兴化 仪征 高邮 句容 扬中 东台 邳州 新沂",
    "浙江": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 慈溪 余姚 诸暨 东阳 永康 乐清 瑞安 温岭 临海 海宁 桐乡 平湖 嵊州 兰溪 建德 龙港 玉环",
    "安徽": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 巢湖 桐城 天长 宁国",
    "福建": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江 石狮 南安 福清 福鼎 福安 龙海 武夷山",
    "江西": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 樟树 丰城 瑞金",
    "山东": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 龙口 寿光 胶州 平度 即墨 诸城 滕州 邹城 荣成 莱州 招远 新泰 肥城 青州 高密",
    "河南": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源 巩义 新郑 禹州 长葛 永城 邓州 林州",
    "湖北": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门 神农架 大冶 枣阳 宜都 枝江",
    "湖南": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 浏阳 醴陵 宁乡",
    "广东": "广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 普宁 开平 台山 高州 四会 英德 鹤山",
    "广西": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左 桂平 北流 凭祥",
    "海南": "海口 三亚 三沙 儋州 琼海 文昌 万宁 东方",
    "四川": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山 西昌 都江堰 江油 简阳",
    "贵州": "贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南 仁怀 凯里 都匀 兴义",
    "云南": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆 安宁 个旧 瑞丽",
    "西藏": "拉萨 日喀则 昌都 林芝 山南 那曲 阿里",
    "陕西": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛 韩城 神木",
    "甘肃": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南 敦煌",
    "青海": "西宁 海东 海北 黄南 海南州 果洛 玉树 海西 格尔木",
    "宁夏": "银川 石嘴山 吴忠 固原 中卫 灵武",
    "新疆": "乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 和田 伊犁 塔城 阿勒泰 石河子 库尔勒 伊宁",
    "香港": "", "澳门": "", "台湾": "台北 高雄 台中",
}  # fmt: skip


@cache
def _province_of() -> dict[str, str]:
    found = {city: province for province, cities in _BY_PROVINCE.items() for city in cities.split()}
    return found | {province: province for province in _BY_PROVINCE}


def province_of(place: str) -> str:
    """The province of a city, of a province itself; empty if it is not known."""
    return _province_of().get(place, "")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    provinces = "|".join(sorted(_BY_PROVINCE, key=len, reverse=True))
    cities = "|".join(sorted(_province_of(), key=len, reverse=True))
    suffix = "(?:维吾尔自治区|壮族自治区|回族自治区|特别行政区|自治区|省|市)?"
    return (
        re.compile(rf"({provinces}){suffix}(?=({cities}))"),
        re.compile(rf"({cities})(?:市|地区|自治州|省|自治区)?"),
        re.compile(rf"({cities})市?"),
    )


def split_place(text: str, least: int = 2) -> tuple[str, str]:
    """The place that a text begins with, and the rest: ``江苏省苏州市恒鑫`` to ``苏州``, ``恒鑫``.

    Args:
        text: A match form.
        least: So many characters have to be left, or the place belongs to the name (上海 in 上海人家).
    """
    place = ""
    twice, one, _ = _patterns()
    found = twice.match(text)
    if found and len(text) - found.end() >= least:
        place, text = found.group(1), text[found.end() :]
    found = one.match(text)
    if found and len(text) - found.end() >= least and (not place or _province_of()[found.group(1)] == place):
        place, text = found.group(1), text[found.end() :]
    return place, text


def place_named(text: str) -> str:
    """The place that a text is and nothing more: ``苏州`` or ``苏州市``; empty if it is something else."""
    found = _patterns()[2].fullmatch(text)
    return found.group(1) if found else ""
