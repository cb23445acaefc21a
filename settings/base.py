"""Settings that hold everywhere. `settings/local.py` is read by default (scrapy.cfg)."""

BOT_NAME = "newswarc"
SPIDER_MODULES = ["crawler.spiders"]
SPIDER_LOADER_CLASS = "crawler.loader.SourceLoader"
COMMANDS_MODULE = "crawler.commands"
ADDONS = {"crawler.addon.Newswarc": 100}

# Folders with source definitions, relative to the project; later ones win.
SOURCES = ["settings/sources"]

# The archive. A WARC file is closed when it passes ARCHIVE_FILE_SIZE bytes.
ARCHIVE_STORE = "data"
ARCHIVE_FILE_SIZE = 1_000_000_000
# When records are forced onto the disk (fsync): "exchange" before a crawl goes on, a number of seconds, or "file" when
# the file is closed. A power cut takes what was not; a process that is killed loses nothing either way.
ARCHIVE_FSYNC = "exchange"

# The key that exported packages are signed with; empty: ~/.config/newswarc/key.pem if there is one (scrapy keygen).
EXPORT_KEY = ""

# The key that seals are signed with (docs/proof.md); empty: that for packages. Whether scrapy schedule seals once a day
# if there is a key. An authority that stamps each seal with the time (RFC 3161), and a PEM file with its root
# certificate, if this machine does not know it.
SEAL_KEY = ""
SEAL_DAILY = True
SEAL_TIMESTAMP = ""
SEAL_TIMESTAMP_CA = ""
# Calendars of OpenTimestamps (extra opentimestamps), such as https://a.pool.opentimestamps.org.
SEAL_CALENDARS: list[str] = []

# A URL or e-mail address where a site's owner reaches you; it becomes part of the User-Agent.
CONTACT = ""

# Pages are fetched as a first-time visitor sees them.
COOKIES_ENABLED = False

# Politeness.
ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 1
# Scrapy starts so many tasks for every response; a page gives one item.
CONCURRENT_ITEMS = 8
DOWNLOAD_DELAY = 1
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0
# robots.txt may ask for more seconds between two requests, up to so many.
CRAWL_DELAY_MAX = 60
RETRY_TIMES = 2
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 16 * 1024 * 1024
DOWNLOAD_FAIL_ON_DATALOSS = False
DEFAULT_REQUEST_HEADERS = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

# A server's certificate must be valid. Archivists of broken sites may switch this off for a run.
DOWNLOAD_VERIFY_CERTIFICATES = True

# Only public addresses are connected to, but for these networks (CIDR).
PRIVATE_NETWORKS_ALLOWED: list[str] = []
# Like curl's --connect-to: HOST1:PORT1:HOST2:PORT2.
CONNECT_TO: list[str] = []

# Images, stylesheets and fonts, for sources with requisites = true: at most so many for a page, and not again
# within so many days.
REQUISITES_A_PAGE = 200
REQUISITES_DAYS = 7

# What sites say of the use of their pages (docs/rights.md). By names of marks: what is not asked for, what the reading
# room does not show, what is never exported, and what --only-permitted leaves out. A source may have its own answers.
RIGHTS_NOT_FETCHED = ["robots"]
RIGHTS_NOT_SHOWN: list[str] = []
RIGHTS_NOT_EXPORTED: list[str] = []
RIGHTS_RESERVED = ["unread", "robots", "tdm", "noai", "noarchive"]
# Whether each site is asked once a day for its /.well-known/tdmrep.json.
TDMREP = True

# Extraction, in processes of its own. Seconds and bytes are for one page; 0 workers: one a core.
EXTRACT_WORKERS = 0
EXTRACT_TIMEOUT = 20
EXTRACT_MEMORY = 2 * 1024 * 1024 * 1024

# What puts a source's new texts in quarantine when it falls (docs/health.md).
QUARANTINE_FOR = ["length", "agreement", "headline", "published", "authors"]

# Where alarms go beside the log. ALARM_SMTP is host:port, or smtps://host:port; the webhook is https, or http to this
# machine.
ALARM_MAIL_TO: list[str] = []
ALARM_MAIL_FROM = ""
ALARM_SMTP = ""
ALARM_SMTP_USER = ""
ALARM_SMTP_PASSWORD = ""
ALARM_WEBHOOK = ""
ALARM_WEBHOOK_SECRET = ""
ALARM_TIMEOUT = 20

# A crawl listens on no port.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
LOG_LEVEL = "INFO"

# The log as one JSON object a line. Without a terminal a crawl says how it stands every LOGSTATS_INTERVAL seconds.
LOG_JSON = False
LOGSTATS_INTERVAL = 30

# scrapy schedule: at most so many crawls at a time. A crawl that is stopped has so many seconds to finish its open
# exchanges, then it is killed.
SCHEDULE_AT_ONCE = 2
SCHEDULE_GRACE = 120

# Where scrapy schedule serves metrics for Prometheus; port 0: nowhere.
METRICS_HOST = "127.0.0.1"
METRICS_PORT = 0

# scrapy serve. Behind a proxy, give the two public origins, two host names.
SERVE_HOST = "127.0.0.1"
SERVE_PORT = 8090
SERVE_ORIGIN = ""
REPLAY_PORT = 8091
REPLAY_ORIGIN = ""
# Who may read the archive, needed where others can reach it: a file of users (scrapy serve --hash-password), or
# everybody. A user logs in again after so many seconds; each address and each user may ask so many times a minute.
SERVE_USERS = ""
SERVE_OPEN = False
SERVE_SESSION = 12 * 60 * 60
SERVE_RATE = 300
# Proxies whose X-Forwarded-For is believed, by address or network (CIDR).
SERVE_PROXIES: list[str] = []
# Where scripts of archived pages run: "held" in browsers that keep them from the network, "always" or "never".
REPLAY_SCRIPTS = "held"
# The Python environment of pywb; made on first use. Its process gets so many bytes of address space.
REPLAY_ENVIRONMENT = ".venv-pywb"
REPLAY_MEMORY = 2 * 1024 * 1024 * 1024
