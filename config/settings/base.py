"""Settings of the portal. What differs between machines comes from the environment."""

import os
import zoneinfo
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

from config import environment
from config.embedded_postgres.server import DATABASE, socket_folder, time_zone_files
from config.logs import LOGGING as LOGGING
from config.settings.unfold import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parents[2]

# Everything the portal writes on this machine: database, broker, files, keys.
VAR_DIR = Path(environment.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()

# Where the portal listens, and under which names it may be called.
HOST = environment.text("HOST", "127.0.0.1")
PORT = environment.number("PORT", 8000)
DEMO_CHANNEL_PORT = environment.number("DEMO_CHANNEL_PORT", PORT + 10)  # on loopback, beside make demo alone
DEMO_SHOP_PORT = environment.number("DEMO_SHOP_PORT", PORT + 11)  # likewise: a page of another origin, with web chat
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{HOST}")
DEBUG = False
PRODUCTION = False
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# Keys. SECRET_KEY signs sessions. FIELD_KEYS encrypt secrets and sensitive values; the first
# encrypts, all decrypt, so a new key goes to the front. Production names its own: see production.py.
SECRET_KEY = environment.text("SECRET_KEY") or environment.kept_secret(
    VAR_DIR / "keys" / "secret_key", get_random_secret_key
)
FIELD_KEYS = environment.words("FIELD_KEYS") or [
    environment.kept_secret(VAR_DIR / "keys" / "field_key", lambda: Fernet.generate_key().decode())
]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the site is ours
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "config.portal.apps.ConfiguratorConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "axes",
    "django_celery_beat",
    "django_htmx",
    "django_prometheus",
    "config",
    "channels_cfg",
    "conversations",
    "reporting",
]

# Machines that show no session are led past what stands between MachineDoors and CommonMiddleware. The rest they pass
# through too, so each one earns its microseconds.
MIDDLEWARE = [
    "config.metrics.CountedRequests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ProtectiveHeaders",
    "config.middleware.MachineDoors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.ViewersLanguage",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.SecondFactorFirst",
    "config.middleware.ViewersTimeZone",
    "config.middleware.ConfigurationHistory",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.NoNul",
    "axes.middleware.AxesMiddleware",
    "config.portal.sent_forms.SentForms",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["config.templatetags.sent_forms"],
        },
    }
]

# The database. Without DATABASE_URL the portal brings its own server; see config/embedded_postgres.
DATABASE_URL = environment.text("DATABASE_URL")
EMBEDDED_DATABASE = {
    "ENGINE": "config.embedded_postgres",
    "EMBEDDED_DATA": VAR_DIR / "postgres",
    "NAME": DATABASE,
    "USER": DATABASE,
    "HOST": str(socket_folder(VAR_DIR / "postgres")),
    "OPTIONS": {},
}
DATABASES: dict[str, dict[str, Any]] = {
    "default": environment.postgres_address(DATABASE_URL) if DATABASE_URL else EMBEDDED_DATABASE
}
# A process keeps few connections and lends them out; none outlives the process that opened it.
# After a few repetitions a statement of channels_cfg.prepared is kept ready by its connection.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 3
DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and how they sign in.
AUTH_USER_MODEL = "channels_cfg.User"
AUTHENTICATION_BACKENDS = ["channels_cfg.sign_in.PeopleSignIn"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
CSRF_FAILURE_VIEW = "config.portal.sent_forms.csrf_failure"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# The brake on guessing (channels_cfg/sign_in/attempts.py): after so many failures of one account at one address, or of
# one address with any accounts, whoever fails there must wait.
SIGN_IN_FAILURES = 5
SIGN_IN_FAILURES_OF_ADDRESS = 100
SIGN_IN_WAIT = timedelta(minutes=10)
# How many proxies stand in front, each of which appends to X-Forwarded-For whom it heard from.
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES", 0)
# How long sign-ins, failures and sign-outs can be read.
SIGN_IN_LOG_DAYS = environment.number("SIGN_IN_LOG_DAYS", 90)
AXES_HANDLER = "channels_cfg.sign_in.attempts.Attempts"
AXES_LOCKOUT_PARAMETERS = "channels_cfg.sign_in.attempts.counted_together"
AXES_USERNAME_CALLABLE = "channels_cfg.sign_in.attempts.counted_account"
AXES_CLIENT_IP_CALLABLE = "channels_cfg.sign_in.client_address.counted_address"
AXES_LOCKOUT_CALLABLE = "config.portal.sign_in.must_wait"
AXES_FAILURE_LIMIT = SIGN_IN_FAILURES
AXES_COOLOFF_TIME = SIGN_IN_WAIT
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # SignInEvent is ours
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# Times are stored in UTC and shown in the viewer's own zone, or in this one.
# Python reads the time-zone database of the embedded PostgreSQL, and beside another server that of the package tzdata,
# whatever this machine has; a system check compares what it knows with what PostgreSQL knows.
zoneinfo.reset_tzpath(to=[] if DATABASE_URL else [time_zone_files()])
zoneinfo.ZoneInfo.clear_cache()
USE_TZ = True
TIME_ZONE = environment.time_zone("TIME_ZONE", "UTC")
FORMAT_MODULE_PATH = ["config.formats"]

# Every text is marked for translation. A language comes here once all of it is translated: Django's own texts are in
# many, and a page in two languages helps nobody.
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "conversations/doors/web_chat/locale", BASE_DIR / "locale"]  # visitors' words are apart

# Files: pages' own, and what the portal writes.
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [folder for folder in [BASE_DIR / "static"] if folder.is_dir()]
WHITENOISE_USE_FINDERS = True  # a checkout needs no collectstatic
MEDIA_ROOT = VAR_DIR / "files"
MEDIA_URL = "/files/"
# Files of conversations lie in a folder that all machines see, or in an object store: any storage of Django's.
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "attachments": {
        "BACKEND": environment.text("ATTACHMENT_STORAGE", "conversations.attachments.folder.Folder"),
        "OPTIONS": environment.options("ATTACHMENT_STORAGE_OPTIONS"),
    },
}
# How long an upload that was not sent is kept.
UNSENT_ATTACHMENTS_KEPT = timedelta(days=1)

with suppress(OSError):  # a system check tells what is wrong with VAR_DIR
    for folder in (STATIC_ROOT, MEDIA_ROOT, VAR_DIR / "messages" / "exchanges"):
        folder.mkdir(parents=True, exist_ok=True)

# What one request may carry; attached data is small, so more than this is a mistake or an attack.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # the extra-data matrix: 500 keys ticked on each of four lists, and their rows

# Files with settings up to this size are read while their sender waits, larger ones by a worker; of a workbook it is
# the unpacked size that counts.
UPLOAD_READ_AT_ONCE = 256 * 1024

# How many slices of a large report one worker writes at once, each in a process of its own where that takes long; and
# how many batches one run of the reporting job writes at once.
REPORT_PROCESSES = environment.number("REPORT_PROCESSES", os.cpu_count() or 1)
# How many conversations the reporting job reports in one transaction.
REPORT_BATCH_ROWS = environment.number("REPORT_BATCH_ROWS", 20_000)
# How many rows of a report one worker writes at a time. A sheet of Excel holds 25 times as many, less its headings.
REPORT_SLICE_ROWS = environment.number("REPORT_SLICE_ROWS", 41_943)

# Who may read /metrics: with a token whoever shows it, without one this machine alone.
METRICS_TOKEN = environment.text("METRICS_TOKEN")

# What browsers are told. Pages load nothing from other hosts.
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False  # htmx reads it

# The API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "channels_cfg.api.authentication.ApiKeyAuthentication",
        "channels_cfg.api.authentication.BearerTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api_parsing.AnswersAnyway",
    "DEFAULT_PARSER_CLASSES": ["config.api_parsing.BoundedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api_errors.problem_json",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Keepsake",
    "VERSION": "1",
    "DESCRIPTION": "Attached data of a contact centre.",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "channels_cfg.api.bodies.require_bodies",
    ],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "visitorToken": {"type": "http", "scheme": "bearer", "description": "Made by the visitor's page"}
        }
    },
    "ENUM_NAME_OVERRIDES": {
        "PartyEnum": [("customer", "Customer"), ("agent", "Agent"), ("system", "System")],
        "StateEnum": "conversations.models.State",
        "DeliveryEnum": "conversations.replies.deliveries.State",
        "ChatStateEnum": [(state, state) for state in ("proceeding", "connected", "completed")],
        "ChatPartyEnum": [(party, party) for party in ("visitor", "agent", "system")],
        "ConsentTypeEnum": ["Customer Consent"],
        "PresenceStatusEnum": "conversations.models.presence.PresenceFacts.Status",
        "TaskKindEnum": ["XRI", "EMAIL"],
        "TaskStatusEnum": ["Open", "Handled", "Abandoned"],
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(timedelta(hours=1).total_seconds()),
    "SCOPES": {"api": "Everything the client's user may do"},
    "DEFAULT_SCOPES": ["api"],
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",  # client credentials and nothing else
    "OAUTH2_VALIDATOR_CLASS": "channels_cfg.api.oauth.ApiKeysAsClients",
    # What RFC 9700 recommends for all grants; TOKEN_STORAGE keeps digests, not tokens.
    **{
        f"COMPLIANT_BCP_RFC9700_{recommendation}": True
        for recommendation in (
            "ACCESS_TOKEN_TRANSPORT",
            "AUTHZ_RESPONSE_ISS",
            "IMPLICIT_GRANT",
            "PASSWORD_GRANT",
            "PKCE_METHOD",
            "PKCE_REQUIRED",
            "REDIRECT_URI_MATCHING",
            "REDIRECT_URI_SCHEME",
            "REFRESH_TOKEN",
            "TOKEN_STORAGE",
        )
    },
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
}

# Celery. The tables are the to-do lists and messages only hints: losing or repeating one does no
# harm, and none carries anything but ids. Without CELERY_BROKER_URL messages are files.
CELERY_BROKER_URL = environment.text("CELERY_BROKER_URL", "filesystem://localhost")
MESSAGES = VAR_DIR / "messages"
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(MESSAGES),
        "data_folder_out": str(MESSAGES),
        "control_folder": str(MESSAGES / "exchanges"),
        "polling_interval": 0.2,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": int(timedelta(hours=1).total_seconds())}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = int(timedelta(minutes=30).total_seconds())  # kept by config/heartbeats.py
CELERY_WORKER_POOL = "solo"  # its reason stands there too; whoever wants more at once starts more workers
CELERY_WORKER_CONCURRENCY = 1  # else a worker reserves messages for cores that it does not use
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # its answers would pile up in the broker's folder
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "config.schedule:Scheduler"

# So long after a mail box was read it is read again.
SECONDS_BETWEEN_MAIL_READINGS = 30

# Calls to other systems. They go to public addresses over HTTPS; hosts of one's own may be named here, to be called
# in a private network and without TLS. A file of certificates is trusted besides the usual ones.
OUTGOING_OWN_HOSTS = [host.lower() for host in environment.words("OUTGOING_OWN_HOSTS")]
OUTGOING_CA_FILE = environment.text("OUTGOING_CA_FILE")
# Outgoing mail: session metadata files to CRMs that take them so, and what schedules of reports tell.
_outgoing_mail = environment.outgoing_mail("EMAIL_URL")
EMAIL_BACKEND = "channels_cfg.mail_server.SmtpServer"
EMAIL_HOST, EMAIL_PORT = _outgoing_mail.host, _outgoing_mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _outgoing_mail.user, _outgoing_mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _outgoing_mail.use_tls, _outgoing_mail.use_ssl
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "keepsake@localhost")
# Where Sinch answers.
CONVERSATION_API_ADDRESS = environment.text("CONVERSATION_API_ADDRESS", "https://{region}.conversation.api.sinch.com")
SINCH_SIGN_IN_ADDRESS = environment.text("SINCH_SIGN_IN_ADDRESS", "https://auth.sinch.com")

# Callbacks. A sender repeats one that was not answered; how long is not documented, so the window is wide.
CALLBACK_SIGNATURE_WINDOW = timedelta(minutes=environment.number("CALLBACK_SIGNATURE_WINDOW_MINUTES", 48 * 60))
# How long after the last sign of life of the worker that has a job another may take it over.
JOB_LEASE = timedelta(seconds=environment.number("JOB_LEASE_SECONDS", 30))
# How long a delivery that cannot be applied is tried again before its body is erased.
DELIVERY_DEAD_AFTER = timedelta(minutes=environment.number("DELIVERY_DEAD_AFTER_MINUTES", 3 * 24 * 60))
# How long a customer's reaction or payment may come before the first message of its conversation.
DELIVERY_PATIENCE = timedelta(minutes=environment.number("DELIVERY_PATIENCE_MINUTES", 10))
# How long a reply that the channel does not take is tried again.
REPLY_DEAD_AFTER = timedelta(minutes=environment.number("REPLY_DEAD_AFTER_MINUTES", 24 * 60))
# Integrations. How many requests one worker has out at the same time; how long one that cannot be sent is tried.
INTEGRATIONS_AT_ONCE = environment.number("INTEGRATIONS_AT_ONCE", 5)
DATA_ACTIONS_AT_ONCE = environment.number("DATA_ACTIONS_AT_ONCE", 2)  # of WEB_THREADS; the others serve people
INTEGRATION_DEAD_AFTER = timedelta(minutes=environment.number("INTEGRATION_DEAD_AFTER_MINUTES", 5))
# How long the delivery log goes back; never shorter than the window, so that no nonce is used twice.
DELIVERY_LOG_DAYS = environment.number("DELIVERY_LOG_DAYS", 30)

# Web chat, against abuse: how many chats of one address may be open, how many may begin from one address and origin in
# ten minutes, how many messages a visitor may write in a minute. Behind one address there may be a whole company.
VISITOR_OPEN_CHATS = environment.number("VISITOR_OPEN_CHATS", 20)
VISITOR_STARTS = environment.number("VISITOR_STARTS", 40)
VISITOR_MESSAGES = environment.number("VISITOR_MESSAGES", 40)
# How long after its end a visitor may still read the own chat.
VISITOR_MAY_READ_FOR = timedelta(hours=environment.number("VISITOR_MAY_READ_HOURS", 24))

# Key usage. A key's name enters it once this many conversations have had it: what is rare may be a value in
# disguise. How long its daily counts go back.
KEY_USAGE_MINIMUM_CONVERSATIONS = environment.number("KEY_USAGE_MINIMUM_CONVERSATIONS", 5)
KEY_USAGE_DAYS = environment.number("KEY_USAGE_DAYS", 400)
