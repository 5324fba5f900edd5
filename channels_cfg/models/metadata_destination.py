"""Metadata destinations: where the files of session metadata are delivered to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
    validate_email,
)
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import check_api_address, tidied_api_address
from channels_cfg.destination_rules import (
    check_folder,
    check_host_key,
    check_service_account,
    tidied_folder,
    tidied_host_key,
)
from channels_cfg.destination_templates import (
    FILE_NAME,
    check_address_template,
    check_dataset_folder,
    check_file_name,
    check_subject,
)
from channels_cfg.models.encrypted import EncryptedTextField
from channels_cfg.models.http_authentication import header_field, scope_field, token_address_field
from channels_cfg.models.integration import Authentication
from channels_cfg.models.mail_box import LARGEST_PORT
from channels_cfg.models.rules import refuse
from channels_cfg.models.session_metadata import IS_LISTED_NO_MORE, LONGEST_DESTINATION_NAME, RENAMED_IN_LISTS
from channels_cfg.models.tidied import TidiedCharField
from channels_cfg.models.versioned import versioned

LONGEST_SECRET = 16_384
"""Characters; keys of service accounts and private keys of SFTP have some thousands."""

DEFAULT_PORT = 22
"""Of SFTP."""

OBJECTS = ("s3", "gcs", "azure")
FILES = ("folder", *OBJECTS, "sftp")

MAY_HAVE: Mapping[str, tuple[str, ...]] = {
    "folder": FILES,
    "dataset_folder": FILES,
    "bucket": OBJECTS,
    "region": ("s3",),
    "endpoint": OBJECTS,
    "account": ("s3", "azure", "sftp", "crm"),
    "secret": (*OBJECTS, "sftp", "crm"),
    "host": ("sftp",),
    "port": ("sftp",),
    "host_key": ("sftp",),
    "address": ("crm", "email"),
    "method": ("crm",),
    "body_format": ("crm",),
    "authentication": ("crm",),
    "header": ("crm",),
    "token_address": ("crm",),
    "scope": ("crm",),
    "subject": ("email",),
}
"""Which kinds have a use for a field; for any other it is empty."""

NEEDED_BY: Mapping[str, tuple[str, ...]] = {
    "folder": ("folder",),
    "bucket": OBJECTS,
    "account": ("s3", "azure", "sftp"),
    "host": ("sftp",),
    "host_key": ("sftp",),
    "address": ("crm", "email"),
    "method": ("crm",),
    "body_format": ("crm",),
    "subject": ("email",),
}

WHERE_A_SECRET_GOES = ("kind", "endpoint", "host", "port", "host_key", "address", "token_address")
"""Where one of these changes, the stored secret would be shown to somebody else."""


def _empty(name: str) -> Q:
    return Q(**{name: None if name == "port" else ""})


def _nothing_of_another_kind() -> Q:
    return Q(*[_empty(name) | Q(kind__in=kinds) for name, kinds in MAY_HAVE.items()])


def _everything_of_its_kind() -> Q:
    return Q(*[~_empty(name) | ~Q(kind__in=kinds) for name, kinds in NEEDED_BY.items()])


@versioned(exclude=["secret"])
class MetadataDestination(models.Model):
    """A place to which files of session metadata are delivered: a folder, an object store, a server or a CRM.

    Where it has a ``dataset_folder``, the Contact Log is written there as a dataset for the company's own engines.
    """

    class Kind(models.TextChoices):
        FOLDER = "folder", _("Folder")
        S3 = "s3", _("Amazon S3")
        GCS = "gcs", _("Google Cloud Storage")
        AZURE = "azure", _("Azure Blob Storage")
        SFTP = "sftp", _("SFTP")
        CRM = "crm", _("CRM record")
        EMAIL = "email", _("E-mail to the CRM")

    class DeliveryMethod(models.TextChoices):
        POST = "POST", "POST"
        PUT = "PUT", "PUT"

    class BodyFormat(models.TextChoices):
        MULTIPART = "multipart", _("Form with the file (multipart)")
        JSON = "json", _("The document itself (JSON)")

    name = models.CharField(
        _("name"), max_length=LONGEST_DESTINATION_NAME, unique=True, help_text=_("Example: Archive bucket")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.FOLDER)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Off: nothing is delivered there; what waits is not lost.")
    )
    folder = TidiedCharField(
        _("folder"),
        max_length=300,
        blank=True,
        default="",
        tidy=tidied_folder,
        validators=[check_folder],
        help_text=_(
            "Below it all names lie: on this machine the whole path, elsewhere a prefix that may be empty. "
            "Examples: /srv/session-metadata · contact-centre"
        ),
    )
    file_name = models.CharField(
        _("file name"),
        max_length=200,
        default=FILE_NAME,
        validators=[check_file_name],
        help_text=_(
            "Below the folder; of an attachment, what stands behind the last slash. "
            "Example: metadata/{kind}-{number}.json"
        ),
    )
    dataset_folder = TidiedCharField(
        _("Contact Log dataset"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        tidy=tidied_folder,
        validators=[check_dataset_folder],
        help_text=_(
            "Below the destination's folder, the folder in which the Contact Log is kept as Parquet files by year and "
            "month, with all kept data of all queues; whoever can read there can read it. Empty: it is not. "
            "Example: contact_log"
        ),
    )
    bucket = models.CharField(
        _("bucket"),
        max_length=255,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[A-Za-z0-9$][A-Za-z0-9._-]*\Z", _("Letters, digits, dots and hyphens."))],
        help_text=_("Of S3 and Google; of Azure the container. Example: session-metadata"),
    )
    region = models.CharField(
        _("region"),
        max_length=50,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[A-Za-z0-9-]+\Z", _("Letters, digits and hyphens."))],
        help_text=_("Of S3. Example: eu-north-1"),
    )
    endpoint = TidiedCharField(
        _("endpoint"),
        max_length=300,
        blank=True,
        default="",
        tidy=tidied_api_address,
        validators=[check_api_address],
        help_text=_("Empty: the vendor's own. Example: https://s3.example.com"),
    )
    host = models.CharField(
        _("host"),
        max_length=253,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[A-Za-z0-9.:_-]+\Z", _("A host's name, such as sftp.example.com."))],
        help_text=_(
            "One in a private network is named among the allowed hosts of the system settings. "
            "Example: sftp.example.com"
        ),
    )
    port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LARGEST_PORT)],
        help_text=_("Empty: 22."),
    )
    host_key = TidiedCharField(
        _("host key"),
        max_length=1500,
        blank=True,
        default="",
        tidy=tidied_host_key,
        validators=[check_host_key],
        help_text=_(
            "The server's public key, by which it is known, as “ssh-keyscan HOST” prints it. "
            "Example: ssh-ed25519 AAAAC3Nz…"
        ),
    )
    address = TidiedCharField(
        _("address"),
        max_length=500,
        blank=True,
        default="",
        tidy=str.strip,
        help_text=_(
            "Of a CRM's record, behind whose host variables may stand; or the CRM's e-mail address. "
            "Examples: https://crm.example.com/tickets/{ticket_id}/attachments · inbox@crm.example.com"
        ),
    )
    method = models.CharField(_("method"), max_length=4, choices=DeliveryMethod.choices, blank=True, default="")
    body_format = models.CharField(_("body"), max_length=9, choices=BodyFormat.choices, blank=True, default="")
    authentication = models.CharField(
        _("authentication"),
        max_length=7,
        choices=Authentication.Kind.choices,
        blank=True,
        default="",
        help_text=_("Empty: the CRM asks for none."),
    )
    account = models.CharField(
        _("account"),
        max_length=200,
        blank=True,
        default="",
        help_text=_(
            "Of S3 the access key ID, of Azure the account's name, of SFTP the user name, of a CRM the user name or "
            "client ID. Example: keepsake"
        ),
    )
    secret = EncryptedTextField(
        _("secret"),
        blank=True,
        default="",
        validators=[MaxLengthValidator(LONGEST_SECRET)],
        help_text=_(
            "Of S3 the secret access key, of Google the JSON key of the service account, of Azure the account key, of "
            "SFTP the password or the private key, of a CRM the password, token, key or client secret. It is not shown "
            "again."
        ),
    )
    header = header_field()
    token_address = token_address_field()
    scope = scope_field()
    subject = models.CharField(
        _("subject"),
        max_length=200,
        blank=True,
        default="",
        validators=[check_subject],
        help_text=_("It names {ticket_id}, by which the CRM finds its record. Example: Session metadata [{ticket_id}]"),
    )

    secret_is_new = False
    """Whether the secret was given now; else it is the stored one."""

    class Meta:
        verbose_name = _("metadata destination")
        verbose_name_plural = _("metadata destinations")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=_nothing_of_another_kind(),
                name="a_destination_has_nothing_of_another_kind",
                violation_error_message=_("Leave empty what this kind of destination has no use for."),
            ),
            models.CheckConstraint(
                condition=_everything_of_its_kind(),
                name="a_destination_says_where_it_is",
                violation_error_message=_("This kind of destination needs more to be found."),
            ),
            models.CheckConstraint(
                condition=Q(port=None) | Q(port__range=(1, LARGEST_PORT)),
                name="a_destination_has_a_port_from_1_to_65535",
                violation_error_message=_("A port is between 1 and 65535."),
            ),
        ]
        triggers = [RENAMED_IN_LISTS, IS_LISTED_NO_MORE]

    def __str__(self) -> str:
        return self.name

    @property
    def where(self) -> str:
        """The place in one line: a path, an address, or what the vendor calls it."""
        match self.kind:
            case self.Kind.FOLDER:
                return self.folder
            case self.Kind.SFTP:
                return f"{self.host}:{self.port or DEFAULT_PORT}/{self.folder}"
            case self.Kind.CRM | self.Kind.EMAIL:
                return self.address
        return "/".join(filter(None, [self.endpoint, self.bucket, self.folder]))

    @property
    def as_authentication(self) -> Authentication | None:
        """How a CRM is told who delivers; not to be saved."""
        if not self.authentication:
            return None
        return Authentication(
            name=self.name,
            kind=self.authentication,
            username=self.account,
            secret=self.secret,
            header=self.header,
            token_address=self.token_address,
            scope=self.scope,
        )

    def clean(self) -> None:
        """What its kind needs, and nothing of another; no stored secret is shown to another server."""
        complaints: dict[str, Any] = {}
        for name, kinds in NEEDED_BY.items():
            if self.kind in kinds and not getattr(self, name):
                complaints[name] = gettext("This kind of destination needs it.")
        for name, kinds in MAY_HAVE.items():
            if self.kind not in kinds and getattr(self, name):
                complaints[name] = gettext("This kind of destination has none. Leave it empty.")
        checks = {"folder": self._check_folder, "address": self._check_address, "secret": self._check_secret}
        for name, check in checks.items():
            if name not in complaints and getattr(self, name):
                try:
                    check()
                except ValidationError as refused:
                    complaints[name] = refused.messages
        refuse(self._complaints_about_authentication() | complaints)

    def _check_folder(self) -> None:
        if self.kind == self.Kind.FOLDER and not self.folder.startswith("/"):
            raise ValidationError(gettext("Enter the whole path on this machine, beginning with /."))
        if self.kind in OBJECTS and self.folder.startswith("/"):
            raise ValidationError(gettext("Names in a bucket begin with no slash."))

    def _check_address(self) -> None:
        if self.kind == self.Kind.EMAIL:
            validate_email(self.address)
        else:
            check_address_template(self.address)

    def _check_secret(self) -> None:
        if self.kind == self.Kind.GCS:
            check_service_account(self.secret)
        stored = type(self).objects.filter(pk=self.pk).first() if self.pk and not self.secret_is_new else None
        if stored and stored.secret and any(getattr(stored, n) != getattr(self, n) for n in WHERE_A_SECRET_GOES):
            raise ValidationError(gettext("Enter it again: it would be shown to another server, or in another way."))

    def _complaints_about_authentication(self) -> dict[str, Any]:
        if self.kind != self.Kind.CRM:
            return {}
        authentication = self.as_authentication
        if authentication is None:
            without = gettext("It belongs to an authentication. Choose one, or leave it empty.")
            names = ("account", "secret", "header", "token_address", "scope")
            return {name: without for name in names if getattr(self, name)}
        try:
            authentication.clean()
        except ValidationError as refused:
            return {
                {"username": "account"}.get(name, name): messages for name, messages in refused.message_dict.items()
            }
        return {}
