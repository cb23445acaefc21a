"""The time zone of a site: from the offsets of its dates, its country and its language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

__all__ = ["Zone", "zone_of"]

_COUNTRIES = """
    AE Asia/Dubai;AR America/Argentina/Buenos_Aires;AT Europe/Vienna;AU Australia/Sydney Australia/Perth
    AZ Asia/Baku;BA Europe/Sarajevo;BD Asia/Dhaka;BE Europe/Brussels;BG Europe/Sofia;BR America/Sao_Paulo
    BY Europe/Minsk;CA America/Toronto America/Vancouver America/Edmonton America/Winnipeg America/Halifax
    CH Europe/Zurich;CL America/Santiago;CN Asia/Shanghai;CO America/Bogota;CU America/Havana;CZ Europe/Prague
    DE Europe/Berlin;DK Europe/Copenhagen;EC America/Guayaquil;EE Europe/Tallinn;EG Africa/Cairo
    ES Europe/Madrid;ET Africa/Addis_Ababa;FI Europe/Helsinki;FR Europe/Paris;GB Europe/London;GE Asia/Tbilisi
    GH Africa/Accra;GR Europe/Athens;HK Asia/Hong_Kong;HR Europe/Zagreb;HU Europe/Budapest
    ID Asia/Jakarta Asia/Makassar;IE Europe/Dublin;IL Asia/Jerusalem;IN Asia/Kolkata;IQ Asia/Baghdad
    IR Asia/Tehran;IS Atlantic/Reykjavik;IT Europe/Rome;JO Asia/Amman;JP Asia/Tokyo;KE Africa/Nairobi
    KG Asia/Bishkek;KR Asia/Seoul;KZ Asia/Almaty;LB Asia/Beirut;LK Asia/Colombo;LT Europe/Vilnius
    LU Europe/Luxembourg;LV Europe/Riga;MA Africa/Casablanca;MD Europe/Chisinau;MK Europe/Skopje
    MX America/Mexico_City America/Tijuana;MY Asia/Kuala_Lumpur;NG Africa/Lagos;NL Europe/Amsterdam
    NO Europe/Oslo;NP Asia/Kathmandu;NZ Pacific/Auckland;PE America/Lima;PH Asia/Manila;PK Asia/Karachi
    PL Europe/Warsaw;PT Europe/Lisbon Atlantic/Azores;RO Europe/Bucharest;RS Europe/Belgrade
    RU Europe/Moscow Asia/Yekaterinburg Asia/Novosibirsk Asia/Krasnoyarsk Asia/Vladivostok Europe/Samara Asia/Irkutsk
    SA Asia/Riyadh;SE Europe/Stockholm;SG Asia/Singapore;SI Europe/Ljubljana;SK Europe/Bratislava
    TH Asia/Bangkok;TN Africa/Tunis;TR Europe/Istanbul;TW Asia/Taipei;TZ Africa/Dar_es_Salaam;UA Europe/Kyiv
    UG Africa/Kampala;US America/New_York America/Chicago America/Los_Angeles America/Denver Pacific/Honolulu
    UY America/Montevideo;UZ Asia/Tashkent;VE America/Caracas;VN Asia/Ho_Chi_Minh;ZA Africa/Johannesburg
    ZW Africa/Harare
"""
_ZONES = {
    entry.split()[0]: tuple(entry.split()[1:]) for entry in _COUNTRIES.replace("\n", ";").split(";") if entry.strip()
}
"""Each country's zones, that of the most people first."""
_LANGUAGES = {
    pair.partition(":")[0]: pair.partition(":")[2].split(",")
    for pair in """ar:EG,SA,AE,IQ,JO,LB,MA,TN bg:BG bn:BD cs:CZ da:DK de:DE,AT,CH el:GR en:GB,US,IE,CA,AU,NZ,IN,ZA,KE,NG
    es:ES,AR,MX,CO,CL,PE,UY,VE,EC,CU et:EE fa:IR fi:FI fr:FR,BE,CH,CA he:IL hi:IN hr:HR hu:HU id:ID is:IS it:IT ja:JP
    ka:GE kk:KZ ko:KR lt:LT lv:LV mk:MK nb:NO nl:NL,BE no:NO pl:PL pt:BR,PT ro:RO,MD ru:RU,BY,KZ sk:SK sl:SI sr:RS
    sv:SE,FI th:TH tr:TR uk:UA vi:VN zh:CN,TW,HK,SG""".split()
}
"""Countries that a language is read in, that of the most newspapers first."""
_WIDELY = """Europe/London Europe/Berlin Europe/Athens Europe/Istanbul Europe/Moscow Asia/Dubai Asia/Karachi
    Asia/Kolkata Asia/Dhaka Asia/Bangkok Asia/Shanghai Asia/Tokyo Australia/Sydney Pacific/Auckland America/Sao_Paulo
    America/Halifax America/New_York America/Chicago America/Denver America/Los_Angeles""".split()
"""One zone of many people for each clock, when nothing but the clock is known."""
_DOMAINS = {"uk": "GB", "su": "RU", "xn--p1ai": "RU", "moscow": "RU", "london": "GB", "berlin": "DE", "tokyo": "JP"}


class Zone(msgspec.Struct, frozen=True):
    """An IANA zone, and why it is taken for the site's."""

    name: str
    why: str
    is_guess: bool


def zone_of(dates: Sequence[str], *, domain: str, region: str | None, language: str | None) -> Zone:
    """The zone of a site whose listings give these `dates` (ISO 8601; those without a zone tell nothing).

    `domain` is the last label of its host, `region` a country code, `language` BCP 47. UTC if nothing tells.
    """
    moments = [moment for date in dates if (moment := _moment(date)) is not None]
    told = [moment for moment in moments if moment.utcoffset()]  # zero is what machines write
    primary = (language or "").split("-")[0].lower()
    spoken = _LANGUAGES.get(primary, [])
    countries = [(_DOMAINS.get(domain, domain.upper()), f"its domain .{domain}", True)]
    countries.append((region or "", f"the region {region} of its language", True))
    countries += [(country, f"its language {language}", len(spoken) == 1) for country in spoken]
    known = [(_ZONES[country], why, is_sure) for country, why, is_sure in countries if country in _ZONES]
    if told:
        offsets = " and ".join(sorted({f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:5] for moment in told}))
        for zones, why, is_sure in known:
            for name in zones:
                if _agrees(name, told):
                    return Zone(name, f"its dates are at {offsets}, and {why} fits", is_guess=not is_sure)
        for name in _WIDELY:
            if _agrees(name, told):
                return Zone(name, f"its dates are at {offsets}; other places have that too", is_guess=True)
    for zones, why, _ in known:
        return Zone(zones[0], f"from {why}", is_guess=True)
    return Zone("UTC", "nothing tells", is_guess=True)


def _moment(date: str) -> dt.datetime | None:
    if "T" not in date:
        return None
    moment = dt.datetime.fromisoformat(date)
    return moment if moment.tzinfo else None


def _agrees(name: str, moments: Sequence[dt.datetime]) -> bool:
    """Whether (nearly) all of the offsets are those of the zone at that time; a few may be of foreign pages."""
    zone = ZoneInfo(name)
    right = sum(moment.utcoffset() == moment.astimezone(zone).utcoffset() for moment in moments)
    return right >= 0.9 * len(moments)
