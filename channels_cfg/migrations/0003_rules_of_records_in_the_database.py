import channels_cfg.addresses
import channels_cfg.key_names
import channels_cfg.models.api_key
import channels_cfg.models.encrypted
import channels_cfg.models.extra_data
import channels_cfg.models.system_settings
import channels_cfg.models.tidied
import channels_cfg.time_zones
import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


# Everything but users, after the libraries' migrations (see 0001). Triggers are made with their table, from its options;
# a proxy has no table of its own, so its triggers follow it.
class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("channels_cfg", "0001_initial"),
        ("oauth2_provider", "0022_refreshtoken_token_family_index"),  # only for the order
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        django.contrib.postgres.operations.TrigramExtension(),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="What uses it. Example: CRM nightly sync",
                        max_length=100,
                        verbose_name="name",
                    ),
                ),
                ("hint", models.CharField(editable=False, max_length=4, verbose_name="ends with")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True, verbose_name="digest")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "last_used_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used at"),
                ),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked at")),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="From then on the key opens nothing",
                        null=True,
                        verbose_name="valid until",
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
                "ordering": ["-created_at"],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="46d41eb6943fcffb887fd0a22135f682603b1498",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "user_id", "name", "hint", "created_at", "revoked_at", "expires_at" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_5319d",
                            table="channels_cfg_apikey",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_apikeyevent" ("created_at", "expires_at", "hint", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "user_id") VALUES (NEW."created_at", NEW."expires_at", NEW."hint", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."revoked_at", NEW."user_id"); RETURN NULL;',
                            hash="3b415ecade0d7deb3cb33eb2f867ec3c4b1de32f",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_c1a95",
                            table="channels_cfg_apikey",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."hint" IS DISTINCT FROM (NEW."hint") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."revoked_at" IS DISTINCT FROM (NEW."revoked_at") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))',
                            func='INSERT INTO "channels_cfg_apikeyevent" ("created_at", "expires_at", "hint", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "user_id") VALUES (NEW."created_at", NEW."expires_at", NEW."hint", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."revoked_at", NEW."user_id"); RETURN NULL;',
                            hash="7bd46b01394bc810f29ab14b034a673b0c5aa3d8",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_0e54e",
                            table="channels_cfg_apikey",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_apikeyevent" ("created_at", "expires_at", "hint", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "user_id") VALUES (OLD."created_at", OLD."expires_at", OLD."hint", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."revoked_at", OLD."user_id"); RETURN NULL;',
                            hash="84e75b70fa12aa5f94d322d9922d657d30075b0a",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_391bd",
                            table="channels_cfg_apikey",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiClient",
            fields=[],
            options={
                "verbose_name": "API client",
                "verbose_name_plural": "API clients",
                "ordering": ["username"],
                "proxy": True,
                "default_permissions": (),
            },
            bases=("channels_cfg.user",),
            managers=[
                ("objects", channels_cfg.models.api_key.ApiClientManager()),
            ],
        ),
        migrations.CreateModel(
            name="AttachedKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="As it comes in and goes out; upper and lower case differ. Example: customerType",
                        max_length=128,
                        unique=True,
                        validators=[channels_cfg.key_names.check_key_name],
                        verbose_name="name",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="How people call it. Example: Customer type",
                        max_length=120,
                        verbose_name="label",
                    ),
                ),
                (
                    "help_text",
                    models.CharField(
                        blank=True,
                        help_text="One line for agents. Example: Decides the service level",
                        max_length=300,
                        verbose_name="help",
                    ),
                ),
                (
                    "group",
                    models.CharField(
                        blank=True,
                        help_text="Keys of a group stand together. Example: Customer",
                        max_length=80,
                        verbose_name="group",
                    ),
                ),
                (
                    "owner",
                    models.CharField(
                        blank=True,
                        help_text="Who answers for it. Example: CRM team",
                        max_length=120,
                        verbose_name="owner",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        blank=True,
                        help_text="Why it is processed. Example: Routing to the right service level",
                        max_length=300,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("integer", "Integer"),
                            ("decimal", "Decimal number"),
                            ("boolean", "Yes or no"),
                            ("date", "Date"),
                            ("datetime", "Date and time"),
                            ("choice", "Choice"),
                            ("url", "URL"),
                            ("phone", "Phone number"),
                            ("email", "E-mail address"),
                        ],
                        default="text",
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "choices",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        blank=True,
                        default=list,
                        help_text="For the type Choice. Example: gold, silver, bronze",
                        size=None,
                        verbose_name="choices",
                    ),
                ),
                (
                    "minimum",
                    models.CharField(
                        blank=True,
                        help_text="Of a number, a date, or a date and time. Example: 0",
                        max_length=40,
                        verbose_name="minimum",
                    ),
                ),
                (
                    "maximum",
                    models.CharField(
                        blank=True, help_text="Example: 100 or 2030-12-31", max_length=40, verbose_name="maximum"
                    ),
                ),
                (
                    "decimals",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Most digits after the point of a decimal number. Example: 2",
                        null=True,
                        verbose_name="decimals",
                    ),
                ),
                (
                    "longest",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Of a text. Empty: the system's limit. Example: 40",
                        null=True,
                        verbose_name="most characters",
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        blank=True,
                        help_text="A regular expression that the whole text matches. Example: [A-Z]{2}[0-9]{6}",
                        max_length=200,
                        verbose_name="pattern",
                    ),
                ),
                (
                    "example",
                    models.CharField(
                        blank=True,
                        help_text="Shown where a value is refused. Example: FI123456",
                        max_length=200,
                        verbose_name="good example",
                    ),
                ),
                (
                    "on_violation",
                    models.CharField(
                        choices=[("refuse", "Refuse the value"), ("flag", "Keep it with a flag"), ("drop", "Drop it")],
                        default="flag",
                        help_text="Refuse: the sender gets an error. Keep with a flag: it is stored and marked. Drop: it is left out, and the reason is shown.",
                        max_length=6,
                        verbose_name="a value that breaks the rules",
                    ),
                ),
                (
                    "sensitive",
                    models.BooleanField(
                        default=False,
                        help_text="Marked wherever it is configured and shown; keeping it, or showing it in more places, asks for a typed confirmation.",
                        verbose_name="sensitive",
                    ),
                ),
            ],
            options={
                "verbose_name": "key",
                "verbose_name_plural": "keys",
                "ordering": ["name"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower("name"), "gin_trgm_ops"
                        ),
                        name="attached_key_alike",
                    ),
                    models.Index(fields=["group", "name"], name="attached_key_group"),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="6592fd17bd61d6be1efbf40ec1d5ca9e962ac9e5",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "name", "label", "help_text", "group", "owner", "purpose", "kind", "choices", "minimum", "maximum", "decimals", "longest", "pattern", "example", "on_violation", "sensitive" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_04089",
                            table="channels_cfg_attachedkey",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_attachedkeyevent" ("choices", "decimals", "example", "group", "help_text", "id", "kind", "label", "longest", "maximum", "minimum", "name", "on_violation", "owner", "pattern", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "sensitive") VALUES (NEW."choices", NEW."decimals", NEW."example", NEW."group", NEW."help_text", NEW."id", NEW."kind", NEW."label", NEW."longest", NEW."maximum", NEW."minimum", NEW."name", NEW."on_violation", NEW."owner", NEW."pattern", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."purpose", NEW."sensitive"); RETURN NULL;',
                            hash="f4d8913f7f5f1160413015c57eaeb8ec6b6bfd12",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_0477d",
                            table="channels_cfg_attachedkey",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_attachedkeyevent" ("choices", "decimals", "example", "group", "help_text", "id", "kind", "label", "longest", "maximum", "minimum", "name", "on_violation", "owner", "pattern", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "sensitive") VALUES (NEW."choices", NEW."decimals", NEW."example", NEW."group", NEW."help_text", NEW."id", NEW."kind", NEW."label", NEW."longest", NEW."maximum", NEW."minimum", NEW."name", NEW."on_violation", NEW."owner", NEW."pattern", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."purpose", NEW."sensitive"); RETURN NULL;',
                            hash="b1d92df28e56f2d2ea64b770630e8c84cd5ea7a7",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_77844",
                            table="channels_cfg_attachedkey",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_attachedkeyevent" ("choices", "decimals", "example", "group", "help_text", "id", "kind", "label", "longest", "maximum", "minimum", "name", "on_violation", "owner", "pattern", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "sensitive") VALUES (OLD."choices", OLD."decimals", OLD."example", OLD."group", OLD."help_text", OLD."id", OLD."kind", OLD."label", OLD."longest", OLD."maximum", OLD."minimum", OLD."name", OLD."on_violation", OLD."owner", OLD."pattern", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."purpose", OLD."sensitive"); RETURN NULL;',
                            hash="94698425fb65d8176f9e8302bfdff45466c90bd7",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_86f6f",
                            table="channels_cfg_attachedkey",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AttachedKeyAlias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="aliases",
                        to="channels_cfg.attachedkey",
                        verbose_name="key",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Accepted on input. Example: custmerType",
                        max_length=128,
                        unique=True,
                        validators=[channels_cfg.key_names.check_key_name],
                        verbose_name="name",
                    ),
                ),
            ],
            options={
                "verbose_name": "other name",
                "verbose_name_plural": "other names",
                "ordering": ["name"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower("name"), "gin_trgm_ops"
                        ),
                        name="attached_key_alias_alike",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="e02588672e66f1ac23855a259ccb1ef5838f6d08",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "key_id", "name" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_9ef25",
                            table="channels_cfg_attachedkeyalias",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_attachedkeyaliasevent" ("id", "key_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."key_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                            hash="54e8c7dadc60f16742389b4c972f67279ce7cbb5",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_61350",
                            table="channels_cfg_attachedkeyalias",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_attachedkeyaliasevent" ("id", "key_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."key_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                            hash="5c21c6178534ec1ebf29c8faac663653aedfcd7b",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_ff84f",
                            table="channels_cfg_attachedkeyalias",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_attachedkeyaliasevent" ("id", "key_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."id", OLD."key_id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                            hash="61ecd85ea4dfa99df10a7216bbc862a6b8d9b6eb",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_35e13",
                            table="channels_cfg_attachedkeyalias",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeyVerdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=128, unique=True, verbose_name="name")),
                (
                    "verdict",
                    models.CharField(
                        choices=[("never", "Never"), ("snoozed", "Snoozed")], max_length=7, verbose_name="verdict"
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(
                        blank=True,
                        help_text="For a snoozed key: when it shows up again",
                        null=True,
                        verbose_name="until",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="said by",
                    ),
                ),
                ("said_at", models.DateTimeField(verbose_name="said at")),
            ],
            options={
                "verbose_name": "key verdict",
                "verbose_name_plural": "key verdicts",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="SystemSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "allocation_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. Example: customerId, customerType",
                        size=None,
                        verbose_name="Extra Data Included When Allocating",
                    ),
                ),
                (
                    "connection_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees in addition once a call is connected. Example: contractNumber",
                        size=None,
                        verbose_name="Extra Data Included When Connecting Calls",
                    ),
                ),
                (
                    "outbound_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys passed on with outbound, transferred and consultation calls. Example: customerId",
                        size=None,
                        verbose_name="Extra Data Included in Outbound Calls",
                    ),
                ),
                (
                    "statistics_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys that are kept when the conversation ends: shown in History, in contactData and in the Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. Example: customerType",
                        size=None,
                        verbose_name="Extra Data Included in Statistics",
                    ),
                ),
                (
                    "precedence",
                    channels_cfg.models.system_settings.PrecedenceField(
                        default=channels_cfg.models.system_settings.default_precedence, size=None
                    ),
                ),
                (
                    "false_attempt_seconds",
                    models.PositiveIntegerField(
                        default=5,
                        help_text="A customer who leaves before an agent accepts, and before this many seconds have passed, counts as a false attempt; later, as abandoned. Example: 5",
                        verbose_name="false-attempt limit (seconds)",
                    ),
                ),
                (
                    "value_characters",
                    models.PositiveIntegerField(
                        default=4096,
                        help_text="A longer value is refused with the whole write. Example: 4096",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="longest value (characters)",
                    ),
                ),
                (
                    "pairs_per_conversation",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="A write that would exceed this many keys is refused whole. Example: 100",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="pairs per conversation",
                    ),
                ),
                (
                    "bytes_per_conversation",
                    models.PositiveIntegerField(
                        default=32768,
                        help_text="All keys and values of a conversation together, as JSON in UTF-8. Example: 32768 (32 KiB)",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="bytes per conversation",
                    ),
                ),
                (
                    "why_required",
                    models.BooleanField(
                        default=False,
                        help_text="On: nothing is saved in the configurator before the field “Why?” is filled in.",
                        verbose_name="ask why",
                    ),
                ),
                (
                    "administrators_need_second_factor",
                    models.BooleanField(
                        default=False,
                        help_text="On: whoever may open the System Configurator shows an authenticator app or a passkey after the password, and adds one first where there is none. API keys need none.",
                        verbose_name="administrators need a second factor",
                    ),
                ),
                (
                    "largest_file_megabytes",
                    models.PositiveIntegerField(
                        default=10,
                        help_text="Example: 10",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(
                                100, message="No channel takes more than %(limit_value)s MB."
                            ),
                        ],
                        verbose_name="largest file (MB)",
                    ),
                ),
                (
                    "allowed_file_types",
                    channels_cfg.models.tidied.TidiedArrayField(
                        base_field=models.CharField(max_length=10),
                        blank=True,
                        default=channels_cfg.models.system_settings.default_file_types,
                        help_text="File endings, separated by commas; upper and lower case do not differ. Example: pdf, jpg, png, mp4",
                        size=None,
                        validators=[channels_cfg.models.system_settings.check_file_types],
                        verbose_name="allowed file types",
                    ),
                ),
                (
                    "attachment_location",
                    channels_cfg.models.tidied.TidiedCharField(
                        blank=True,
                        help_text="Folder for files of chats. Empty: the portal's own. Example: /srv/files",
                        max_length=300,
                        validators=[channels_cfg.models.system_settings.check_folder],
                        verbose_name="attachment location",
                    ),
                ),
                (
                    "public_base_url",
                    channels_cfg.models.tidied.TidiedURLField(
                        blank=True,
                        help_text="Where messaging channels fetch files that agents send. Example: https://chat.example.com/files",
                        validators=[channels_cfg.models.system_settings.check_base_url],
                        verbose_name="public base address",
                    ),
                ),
                (
                    "public_attachment_hours",
                    models.PositiveIntegerField(
                        default=72,
                        help_text="How long such an address works. Example: 72",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(
                                8760, message="At most a year: %(limit_value)s hours."
                            ),
                        ],
                        verbose_name="retention time for public attachments (hours)",
                    ),
                ),
            ],
            options={
                "verbose_name": "system settings",
                "verbose_name_plural": "system settings",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="there_is_one_row_of_system_settings"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("bytes_per_conversation__gte", 1),
                            ("pairs_per_conversation__gte", 1),
                            ("value_characters__gte", 1),
                        ),
                        name="limits_of_attached_data_are_at_least_1",
                        violation_error_message="A limit of attached data is at least 1.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("largest_file_megabytes__range", (1, 100))),
                        name="the_largest_file_has_1_to_100_megabytes",
                        violation_error_message="The largest file has 1 to 100 MB.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("public_attachment_hours__range", (1, 8760))),
                        name="public_attachments_last_1_hour_to_a_year",
                        violation_error_message="Public attachments are retained for 1 to 8760 hours.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("public_base_url", ""), ("public_base_url__startswith", "https://"), _connector="OR"
                        ),
                        name="files_are_fetched_over_https",
                        violation_error_message="The public base address begins with https://.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="3c1855c7bdf2ba3be49c7018974dd96be1db90c3",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "allocation_keys", "connection_keys", "outbound_keys", "statistics_keys", "precedence", "false_attempt_seconds", "value_characters", "pairs_per_conversation", "bytes_per_conversation", "why_required", "administrators_need_second_factor", "largest_file_megabytes", "allowed_file_types", "attachment_location", "public_base_url", "public_attachment_hours" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_fa5b0",
                            table="channels_cfg_systemsettings",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_systemsettingsevent" ("administrators_need_second_factor", "allocation_keys", "allowed_file_types", "attachment_location", "bytes_per_conversation", "connection_keys", "false_attempt_seconds", "id", "largest_file_megabytes", "outbound_keys", "pairs_per_conversation", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "precedence", "public_attachment_hours", "public_base_url", "statistics_keys", "value_characters", "why_required") VALUES (NEW."administrators_need_second_factor", NEW."allocation_keys", NEW."allowed_file_types", NEW."attachment_location", NEW."bytes_per_conversation", NEW."connection_keys", NEW."false_attempt_seconds", NEW."id", NEW."largest_file_megabytes", NEW."outbound_keys", NEW."pairs_per_conversation", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."precedence", NEW."public_attachment_hours", NEW."public_base_url", NEW."statistics_keys", NEW."value_characters", NEW."why_required"); RETURN NULL;',
                            hash="67f3ddb837988550ef1fdc9f6973b8b605af5c81",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_05014",
                            table="channels_cfg_systemsettings",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_systemsettingsevent" ("administrators_need_second_factor", "allocation_keys", "allowed_file_types", "attachment_location", "bytes_per_conversation", "connection_keys", "false_attempt_seconds", "id", "largest_file_megabytes", "outbound_keys", "pairs_per_conversation", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "precedence", "public_attachment_hours", "public_base_url", "statistics_keys", "value_characters", "why_required") VALUES (NEW."administrators_need_second_factor", NEW."allocation_keys", NEW."allowed_file_types", NEW."attachment_location", NEW."bytes_per_conversation", NEW."connection_keys", NEW."false_attempt_seconds", NEW."id", NEW."largest_file_megabytes", NEW."outbound_keys", NEW."pairs_per_conversation", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."precedence", NEW."public_attachment_hours", NEW."public_base_url", NEW."statistics_keys", NEW."value_characters", NEW."why_required"); RETURN NULL;',
                            hash="dd0b5fef983ec84297ca147e4a72437dbd20d221",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_35463",
                            table="channels_cfg_systemsettings",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_systemsettingsevent" ("administrators_need_second_factor", "allocation_keys", "allowed_file_types", "attachment_location", "bytes_per_conversation", "connection_keys", "false_attempt_seconds", "id", "largest_file_megabytes", "outbound_keys", "pairs_per_conversation", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "precedence", "public_attachment_hours", "public_base_url", "statistics_keys", "value_characters", "why_required") VALUES (OLD."administrators_need_second_factor", OLD."allocation_keys", OLD."allowed_file_types", OLD."attachment_location", OLD."bytes_per_conversation", OLD."connection_keys", OLD."false_attempt_seconds", OLD."id", OLD."largest_file_megabytes", OLD."outbound_keys", OLD."pairs_per_conversation", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."precedence", OLD."public_attachment_hours", OLD."public_base_url", OLD."statistics_keys", OLD."value_characters", OLD."why_required"); RETURN NULL;',
                            hash="131bc51b761505bb3091c310eb20ab1ef211dba6",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_66432",
                            table="channels_cfg_systemsettings",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "allocation_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. Example: customerId, customerType",
                        size=None,
                        verbose_name="Extra Data Included When Allocating",
                    ),
                ),
                (
                    "connection_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees in addition once a call is connected. Example: contractNumber",
                        size=None,
                        verbose_name="Extra Data Included When Connecting Calls",
                    ),
                ),
                (
                    "outbound_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys passed on with outbound, transferred and consultation calls. Example: customerId",
                        size=None,
                        verbose_name="Extra Data Included in Outbound Calls",
                    ),
                ),
                (
                    "statistics_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys that are kept when the conversation ends: shown in History, in contactData and in the Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. Example: customerType",
                        size=None,
                        verbose_name="Extra Data Included in Statistics",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Example: Customer chat", max_length=100, unique=True, verbose_name="name"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("voice", "Voice"), ("email", "E-mail"), ("chat", "Chat")],
                        help_text="Fixed once the channel has queues: it decides which of the lists below apply.",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "precedence",
                    channels_cfg.models.system_settings.PrecedenceField(blank=True, default=list, size=None),
                ),
                (
                    "false_attempt_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: as in the system settings. Example: 5",
                        null=True,
                        verbose_name="false-attempt limit (seconds)",
                    ),
                ),
                (
                    "pick_up_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="An offer that the agent neither accepts nor rejects goes back to its queue after this long. Empty: it stays. Example: 120",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(
                                5,
                                message="At least %(limit_value)s seconds: nobody accepts sooner. Empty: an offer stays.",
                            )
                        ],
                        verbose_name="time to accept (seconds)",
                    ),
                ),
                (
                    "live_data_until_handled",
                    models.BooleanField(
                        default=False,
                        help_text="Off: what is not kept is destroyed when the conversation ends. On: it stays visible to the agent during wrap-up and is destroyed when wrap-up is over.",
                        verbose_name="agents see all data until handled",
                    ),
                ),
            ],
            options={
                "verbose_name": "channel",
                "verbose_name_plural": "channels",
                "ordering": ["name"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pick_up_seconds", None), ("pick_up_seconds__gte", 5), _connector="OR"),
                        name="an_offer_lasts_5_seconds_or_more",
                        violation_error_message="At least 5 seconds: nobody accepts sooner. Empty: an offer stays.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="kind_stays",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    IF NEW.kind <> OLD.kind AND EXISTS (SELECT FROM channels_cfg_queue WHERE channel_id = NEW.id) THEN\n        RAISE EXCEPTION 'channel % has queues, so its kind stays', NEW.id\n              USING ERRCODE = 'check_violation', CONSTRAINT = 'a_channel_with_queues_keeps_its_kind';\n    END IF;\n    RETURN NEW;\n",
                            hash="c88b203963e676d79a2d2a1d05e84dc02dc661d7",
                            operation='UPDATE OF "kind"',
                            pgid="pgtrigger_kind_stays_2f7f3",
                            table="channels_cfg_channel",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="37fb50b33a1c94e5cc5abda053e05bbace494dd3",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "allocation_keys", "connection_keys", "outbound_keys", "statistics_keys", "name", "kind", "description", "precedence", "false_attempt_seconds", "pick_up_seconds", "live_data_until_handled" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_5c027",
                            table="channels_cfg_channel",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_channelevent" ("allocation_keys", "connection_keys", "description", "false_attempt_seconds", "id", "kind", "live_data_until_handled", "name", "outbound_keys", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pick_up_seconds", "precedence", "statistics_keys") VALUES (NEW."allocation_keys", NEW."connection_keys", NEW."description", NEW."false_attempt_seconds", NEW."id", NEW."kind", NEW."live_data_until_handled", NEW."name", NEW."outbound_keys", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pick_up_seconds", NEW."precedence", NEW."statistics_keys"); RETURN NULL;',
                            hash="50bc53a201080f2cc60d7a10e67b61893310eeab",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_f5a22",
                            table="channels_cfg_channel",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_channelevent" ("allocation_keys", "connection_keys", "description", "false_attempt_seconds", "id", "kind", "live_data_until_handled", "name", "outbound_keys", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pick_up_seconds", "precedence", "statistics_keys") VALUES (NEW."allocation_keys", NEW."connection_keys", NEW."description", NEW."false_attempt_seconds", NEW."id", NEW."kind", NEW."live_data_until_handled", NEW."name", NEW."outbound_keys", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pick_up_seconds", NEW."precedence", NEW."statistics_keys"); RETURN NULL;',
                            hash="4291a8835747724721a5d71169921ce9d54e4a79",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_de8ae",
                            table="channels_cfg_channel",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_channelevent" ("allocation_keys", "connection_keys", "description", "false_attempt_seconds", "id", "kind", "live_data_until_handled", "name", "outbound_keys", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pick_up_seconds", "precedence", "statistics_keys") VALUES (OLD."allocation_keys", OLD."connection_keys", OLD."description", OLD."false_attempt_seconds", OLD."id", OLD."kind", OLD."live_data_until_handled", OLD."name", OLD."outbound_keys", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."pick_up_seconds", OLD."precedence", OLD."statistics_keys"); RETURN NULL;',
                            hash="1345fe5e419f633596821c3a1922bedf30ea134e",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9b2c1",
                            table="channels_cfg_channel",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormSubmission",
            fields=[
                (
                    "digest",
                    models.CharField(
                        help_text="Of the form's mark and of what was typed, keyed",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                        verbose_name="digest",
                    ),
                ),
                (
                    "led_to",
                    channels_cfg.models.encrypted.EncryptedTextField(
                        help_text="An address, which may hold what was searched for", verbose_name="led to"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, verbose_name="at")),
            ],
            options={
                "verbose_name": "form submission",
                "verbose_name_plural": "form submissions",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="QueueGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Example: Nordic sales", max_length=100, unique=True, verbose_name="name"
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
            ],
            options={
                "verbose_name": "queue group",
                "verbose_name_plural": "queue groups",
                "ordering": ["name"],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="5b1500816bd81cf4549040bf00cecebabeefe615",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "name", "description" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_f318e",
                            table="channels_cfg_queuegroup",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_queuegroupevent" ("description", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."description", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                            hash="2e4f3b524ab3205b3f425edf1b693bd01a28670d",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_6acfa",
                            table="channels_cfg_queuegroup",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_queuegroupevent" ("description", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."description", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                            hash="912faad2030ce74b304776bdd6767468734fd31c",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_17110",
                            table="channels_cfg_queuegroup",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_queuegroupevent" ("description", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."description", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                            hash="ebaf5f40fb57091add4afc2f66dfbd7bada30260",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_e1f3c",
                            table="channels_cfg_queuegroup",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Queue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "allocation_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. Example: customerId, customerType",
                        size=None,
                        verbose_name="Extra Data Included When Allocating",
                    ),
                ),
                (
                    "connection_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees in addition once a call is connected. Example: contractNumber",
                        size=None,
                        verbose_name="Extra Data Included When Connecting Calls",
                    ),
                ),
                (
                    "outbound_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys passed on with outbound, transferred and consultation calls. Example: customerId",
                        size=None,
                        verbose_name="Extra Data Included in Outbound Calls",
                    ),
                ),
                (
                    "statistics_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys that are kept when the conversation ends: shown in History, in contactData and in the Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. Example: customerType",
                        size=None,
                        verbose_name="Extra Data Included in Statistics",
                    ),
                ),
                (
                    "name",
                    models.CharField(help_text="Example: Chat sales", max_length=100, unique=True, verbose_name="name"),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queues",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="A right on the group is a right on this queue.",
                        related_name="queues",
                        to="channels_cfg.queuegroup",
                        verbose_name="queue groups",
                    ),
                ),
            ],
            options={
                "verbose_name": "queue",
                "verbose_name_plural": "queues",
                "ordering": ["name"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="5071fe083fe720a75997c0de27a1e315d878120c",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "allocation_keys", "connection_keys", "outbound_keys", "statistics_keys", "name", "channel_id", "description" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_82058",
                            table="channels_cfg_queue",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_queueevent" ("allocation_keys", "channel_id", "connection_keys", "description", "id", "name", "outbound_keys", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "statistics_keys") VALUES (NEW."allocation_keys", NEW."channel_id", NEW."connection_keys", NEW."description", NEW."id", NEW."name", NEW."outbound_keys", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."statistics_keys"); RETURN NULL;',
                            hash="f9813506d5290f96ff8a204ec424630935e41ee7",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_44ff4",
                            table="channels_cfg_queue",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_queueevent" ("allocation_keys", "channel_id", "connection_keys", "description", "id", "name", "outbound_keys", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "statistics_keys") VALUES (NEW."allocation_keys", NEW."channel_id", NEW."connection_keys", NEW."description", NEW."id", NEW."name", NEW."outbound_keys", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."statistics_keys"); RETURN NULL;',
                            hash="33ee9b59aee34421428c28055a60a0fd32630cf6",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_0293a",
                            table="channels_cfg_queue",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_queueevent" ("allocation_keys", "channel_id", "connection_keys", "description", "id", "name", "outbound_keys", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "statistics_keys") VALUES (OLD."allocation_keys", OLD."channel_id", OLD."connection_keys", OLD."description", OLD."id", OLD."name", OLD."outbound_keys", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."statistics_keys"); RETURN NULL;',
                            hash="95cd6e8ddc3f1cb5db252b27777f452479a00d48",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_8f0c7",
                            table="channels_cfg_queue",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessRight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_rights",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_rights",
                        to="auth.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "right",
                    models.CharField(
                        choices=[
                            ("view_history", "View history"),
                            ("serve", "Serve"),
                            ("manage_contacts", "Manage contacts"),
                            ("view_reports", "View reports"),
                        ],
                        help_text="View history: ended conversations. Serve: accept and handle. Manage contacts: read and post kept data. View reports: the Contact Log.",
                        max_length=20,
                        verbose_name="right",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_rights",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "queue_group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access_rights",
                        to="channels_cfg.queuegroup",
                        verbose_name="queue group",
                    ),
                ),
                (
                    "direct_conversations_of",
                    models.ForeignKey(
                        blank=True,
                        help_text="Conversations without a queue, served by a member of this group.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rights_on_direct_conversations",
                        to="auth.group",
                        verbose_name="direct conversations of",
                    ),
                ),
            ],
            options={
                "verbose_name": "access right",
                "verbose_name_plural": "access rights",
                "ordering": ["right", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("group__isnull", True), ("user__isnull", False)),
                            models.Q(("group__isnull", False), ("user__isnull", True)),
                            _connector="OR",
                        ),
                        name="a_right_is_held_by_one_user_or_group",
                        violation_error_message="Choose a user or a group, and only one of them.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("direct_conversations_of__isnull", True),
                                ("queue__isnull", False),
                                ("queue_group__isnull", True),
                            ),
                            models.Q(
                                ("direct_conversations_of__isnull", True),
                                ("queue__isnull", True),
                                ("queue_group__isnull", False),
                            ),
                            models.Q(
                                ("direct_conversations_of__isnull", False),
                                ("queue__isnull", True),
                                ("queue_group__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="a_right_is_held_on_one_place",
                        violation_error_message="Choose a queue, a queue group, or direct conversations, and only one of them.",
                    ),
                    models.UniqueConstraint(
                        fields=("user", "group", "right", "queue", "queue_group", "direct_conversations_of"),
                        name="a_right_is_granted_once",
                        nulls_distinct=False,
                        violation_error_message="This right is granted already.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="e5c33453dbfa73677d73bbf359ed9f237727b5c9",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "user_id", "group_id", "right", "queue_id", "queue_group_id", "direct_conversations_of_id" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_0f90b",
                            table="channels_cfg_accessright",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_accessrightevent" ("direct_conversations_of_id", "group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_group_id", "queue_id", "right", "user_id") VALUES (NEW."direct_conversations_of_id", NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."queue_group_id", NEW."queue_id", NEW."right", NEW."user_id"); RETURN NULL;',
                            hash="b0a903c0beed17cc99ccc9ec94e8821a8a039ba7",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_0605a",
                            table="channels_cfg_accessright",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_accessrightevent" ("direct_conversations_of_id", "group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_group_id", "queue_id", "right", "user_id") VALUES (NEW."direct_conversations_of_id", NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."queue_group_id", NEW."queue_id", NEW."right", NEW."user_id"); RETURN NULL;',
                            hash="a2a42457d64106a7948faab96c10ce195707dc85",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_1d24b",
                            table="channels_cfg_accessright",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_accessrightevent" ("direct_conversations_of_id", "group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_group_id", "queue_id", "right", "user_id") VALUES (OLD."direct_conversations_of_id", OLD."group_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."queue_group_id", OLD."queue_id", OLD."right", OLD."user_id"); RETURN NULL;',
                            hash="12bfded80e6465297962299d0fc39c77655a2fc5",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_6e5b4",
                            table="channels_cfg_accessright",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "queue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "address",
                    channels_cfg.models.tidied.TidiedCharField(
                        help_text="Examples: +358401234567 · sales@example.com · 01ABC…@whatsapp.sinchconversation.com",
                        max_length=320,
                        verbose_name="address",
                    ),
                ),
            ],
            options={
                "verbose_name": "queue address",
                "verbose_name_plural": "queue addresses",
                "ordering": ["address"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("address"),
                        name="an_address_leads_to_one_queue",
                        violation_error_message="Another queue has this address already.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="31a1e689fd17258d96aad5520fdc0b3d9978a15a",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "queue_id", "address" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_6eba9",
                            table="channels_cfg_queueaddress",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_queueaddressevent" ("address", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_id") VALUES (NEW."address", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."queue_id"); RETURN NULL;',
                            hash="3e1d2874529013a7750e3e83303000536fe2006c",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_b3670",
                            table="channels_cfg_queueaddress",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "channels_cfg_queueaddressevent" ("address", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_id") VALUES (NEW."address", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."queue_id"); RETURN NULL;',
                            hash="a870223bef07fdfab92417d704d9aedcbf75dbe8",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_81eda",
                            table="channels_cfg_queueaddress",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_queueaddressevent" ("address", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_id") VALUES (OLD."address", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."queue_id"); RETURN NULL;',
                            hash="02d544989f4d00f850e3606e3476031dfef0111d",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_7f5f9",
                            table="channels_cfg_queueaddress",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordedGroup",
            fields=[],
            options={
                "verbose_name": "group",
                "verbose_name_plural": "groups",
                "proxy": True,
                "default_permissions": (),
            },
            bases=("auth.group",),
            managers=[
                ("objects", django.contrib.auth.models.GroupManager()),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recordedgroup",
            trigger=pgtrigger.compiler.Trigger(
                name="settings_change_in_turns",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                    hash="c6233a09b6f1ddb937bd800bbbc67321cd2b898a",
                    level="STATEMENT",
                    operation='INSERT OR UPDATE OF "id", "name" OR DELETE',
                    pgid="pgtrigger_settings_change_in_turns_62906",
                    table="auth_group",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recordedgroup",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "channels_cfg_recordedgroupevent" ("id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="8ce688580ab2ef6ddbcc250e3d47f7d98f4c7cfe",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_3b504",
                    table="auth_group",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recordedgroup",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "channels_cfg_recordedgroupevent" ("id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="73e5c6b3a71ac38154c514e66d0ea26a6a6e1dc2",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_52583",
                    table="auth_group",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recordedgroup",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "channels_cfg_recordedgroupevent" ("id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="faab11214becb4e9496c2935fb89ba0ffe523325",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_cdeca",
                    table="auth_group",
                    when="AFTER",
                ),
            ),
        ),
        migrations.CreateModel(
            name="GroupMembership",
            fields=[],
            options={
                "verbose_name": "group membership",
                "verbose_name_plural": "group memberships",
                "proxy": True,
                "default_permissions": (),
            },
            bases=("channels_cfg.user_groups",),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="groupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="settings_change_in_turns",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                    hash="856a901365a77272fc957c223d18a3547a026aa9",
                    level="STATEMENT",
                    operation='INSERT OR UPDATE OF "id", "user_id", "group_id" OR DELETE',
                    pgid="pgtrigger_settings_change_in_turns_a05d4",
                    table="channels_cfg_user_groups",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="groupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "channels_cfg_groupmembershipevent" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."user_id"); RETURN NULL;',
                    hash="8dd114e8e78a5b6f5e080057893f1e14b44dbaac",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_5496d",
                    table="channels_cfg_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="groupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "channels_cfg_groupmembershipevent" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."group_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."user_id"); RETURN NULL;',
                    hash="1cdb36831cb003ff7653ada0ddc913be7b0d40ad",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_81214",
                    table="channels_cfg_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="groupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "channels_cfg_groupmembershipevent" ("group_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (OLD."group_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id"); RETURN NULL;',
                    hash="be5799a8cb7041e6093dc3c2bee508a65062d21d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_e0ccb",
                    table="channels_cfg_user_groups",
                    when="AFTER",
                ),
            ),
        ),
        migrations.CreateModel(
            name="QueueGroupMembership",
            fields=[],
            options={
                "verbose_name": "queue in a queue group",
                "verbose_name_plural": "queues in queue groups",
                "proxy": True,
                "default_permissions": (),
            },
            bases=("channels_cfg.queue_groups",),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="queuegroupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="settings_change_in_turns",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                    hash="3624af7343b03ceb5f7d4196282f5f5eda7e2531",
                    level="STATEMENT",
                    operation='INSERT OR UPDATE OF "id", "queue_id", "queuegroup_id" OR DELETE',
                    pgid="pgtrigger_settings_change_in_turns_3bccf",
                    table="channels_cfg_queue_groups",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="queuegroupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "channels_cfg_queuegroupmembershipevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_id", "queuegroup_id") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."queue_id", NEW."queuegroup_id"); RETURN NULL;',
                    hash="33bc366c09f3233ee23452fc44e9335317505eb7",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_842db",
                    table="channels_cfg_queue_groups",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="queuegroupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "channels_cfg_queuegroupmembershipevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_id", "queuegroup_id") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."queue_id", NEW."queuegroup_id"); RETURN NULL;',
                    hash="17b48cb0a6434aeb63a29ebf7d0aee1225e8be47",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b4520",
                    table="channels_cfg_queue_groups",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="queuegroupmembership",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "channels_cfg_queuegroupmembershipevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "queue_id", "queuegroup_id") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."queue_id", OLD."queuegroup_id"); RETURN NULL;',
                    hash="e58757f17e89a53155359ad0a6d096bce9a89981",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_6ebcb",
                    table="channels_cfg_queue_groups",
                    when="AFTER",
                ),
            ),
        ),
        migrations.CreateModel(
            name="MessagingService",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Example: WhatsApp Finland", max_length=100, unique=True, verbose_name="name"
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        choices=[("eu", "Europe"), ("us", "United States"), ("br", "Brazil")],
                        default="eu",
                        help_text="The region of the app. Apps in two regions need two messaging services.",
                        max_length=2,
                        verbose_name="region",
                    ),
                ),
                (
                    "project_id",
                    channels_cfg.models.tidied.TidiedCharField(
                        help_text="Example: e2df3a34-a71b-4448-9db5-a8d2baad28e4",
                        max_length=64,
                        validators=[channels_cfg.addresses.check_project_id],
                        verbose_name="project ID",
                    ),
                ),
                (
                    "app_id",
                    channels_cfg.models.tidied.TidiedCharField(
                        help_text="The Conversation API app, in CONVERSATION processing mode. Example: 01EB37HMH1M6SV18ASNS3G135H",
                        max_length=64,
                        unique=True,
                        validators=[channels_cfg.addresses.check_app_id],
                        verbose_name="app ID",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        help_text="Where its conversations wait, unless another queue has the address APP_ID@channel.sinchconversation.com.",
                        limit_choices_to={"channel__kind": "chat"},
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messaging_services",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "key_id",
                    models.CharField(
                        blank=True,
                        help_text="Of an access key of the project; the connection test signs in with it. Example: 8f3c2a10-5b4d-4e7f-9a61-0c2d3e4f5a6b",
                        max_length=64,
                        verbose_name="access key ID",
                    ),
                ),
                (
                    "key_secret",
                    channels_cfg.models.encrypted.EncryptedTextField(
                        blank=True,
                        default="",
                        help_text="As shown once at Sinch. It is not shown again.",
                        validators=[django.core.validators.MaxLengthValidator(512)],
                        verbose_name="access key secret",
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(
                        default=True, help_text="Off: its callbacks are refused.", verbose_name="enabled"
                    ),
                ),
            ],
            options={
                "verbose_name": "messaging service",
                "verbose_name_plural": "messaging services",
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("key_secret", ""), models.Q(("key_id", ""), _negated=True), _connector="OR"
                        ),
                        name="a_secret_belongs_to_an_access_key",
                        violation_error_message="A secret belongs to a key: enter its ID too.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="ce6ad0c779810e692e8da31843d2b24afb52d967",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "name", "region", "project_id", "app_id", "queue_id", "key_id", "enabled" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_28ab5",
                            table="channels_cfg_messagingservice",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_messagingserviceevent" ("app_id", "enabled", "id", "key_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "queue_id", "region") VALUES (NEW."app_id", NEW."enabled", NEW."id", NEW."key_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."project_id", NEW."queue_id", NEW."region"); RETURN NULL;',
                            hash="b4faa47af310e89e17aa789f56ea4a9a708bebe6",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_0e4f1",
                            table="channels_cfg_messagingservice",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."app_id" IS DISTINCT FROM (NEW."app_id") OR OLD."enabled" IS DISTINCT FROM (NEW."enabled") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."key_id" IS DISTINCT FROM (NEW."key_id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."project_id" IS DISTINCT FROM (NEW."project_id") OR OLD."queue_id" IS DISTINCT FROM (NEW."queue_id") OR OLD."region" IS DISTINCT FROM (NEW."region"))',
                            func='INSERT INTO "channels_cfg_messagingserviceevent" ("app_id", "enabled", "id", "key_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "queue_id", "region") VALUES (NEW."app_id", NEW."enabled", NEW."id", NEW."key_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."project_id", NEW."queue_id", NEW."region"); RETURN NULL;',
                            hash="83040eeb6db6dc8c1bbbf3d1dcaabdf49bf84737",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_0960e",
                            table="channels_cfg_messagingservice",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_messagingserviceevent" ("app_id", "enabled", "id", "key_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "queue_id", "region") VALUES (OLD."app_id", OLD."enabled", OLD."id", OLD."key_id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."project_id", OLD."queue_id", OLD."region"); RETURN NULL;',
                            hash="34ac2191525ad00d800e4f117323812b9fe3174a",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_11ba4",
                            table="channels_cfg_messagingservice",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
                (
                    "secret",
                    channels_cfg.models.encrypted.EncryptedTextField(
                        help_text="As entered for the webhook at Sinch. It is not shown again.",
                        validators=[django.core.validators.MaxLengthValidator(512)],
                        verbose_name="secret",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Example: from January 2027", max_length=100, verbose_name="note"
                    ),
                ),
                ("added_at", models.DateTimeField(auto_now_add=True, verbose_name="added at")),
                (
                    "last_used_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When it last signed a callback, to the minute",
                        null=True,
                        verbose_name="last used",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook secret",
                "verbose_name_plural": "webhook secrets",
                "ordering": ["added_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("secret", ""), _negated=True), name="a_webhook_secret_is_not_empty"
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="7eca7aa079632c32b9485c308d71125072ad99e8",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "service_id", "note", "added_at" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_f1283",
                            table="channels_cfg_webhooksecret",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_webhooksecretevent" ("added_at", "id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "service_id") VALUES (NEW."added_at", NEW."id", NEW."note", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."service_id"); RETURN NULL;',
                            hash="b0052f9898fcc35ea16de7cc48fce99d931685e4",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_863c8",
                            table="channels_cfg_webhooksecret",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."added_at" IS DISTINCT FROM (NEW."added_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."service_id" IS DISTINCT FROM (NEW."service_id"))',
                            func='INSERT INTO "channels_cfg_webhooksecretevent" ("added_at", "id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "service_id") VALUES (NEW."added_at", NEW."id", NEW."note", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."service_id"); RETURN NULL;',
                            hash="8a4bae9752d554e18b5e940600a15b8f55521fc7",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_018d3",
                            table="channels_cfg_webhooksecret",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_webhooksecretevent" ("added_at", "id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "service_id") VALUES (OLD."added_at", OLD."id", OLD."note", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."service_id"); RETURN NULL;',
                            hash="cb737492cc30856987045acae99e58fe31ccd2a8",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_3b8de",
                            table="channels_cfg_webhooksecret",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScheduledChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "model",
                    models.CharField(help_text="Channel, Queue or SystemSettings", max_length=40, verbose_name="model"),
                ),
                ("object_id", models.BigIntegerField(verbose_name="object id")),
                ("changes", models.JSONField(verbose_name="changes")),
                (
                    "replaces",
                    models.JSONField(
                        default=dict,
                        help_text="What the fields hold until then; if they hold something else, the change fails",
                        verbose_name="replaces",
                    ),
                ),
                ("takes_effect_at", models.DateTimeField(verbose_name="takes effect at")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "planned_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="scheduled by",
                    ),
                ),
                ("planned_at", models.DateTimeField(verbose_name="scheduled at")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Scheduled"),
                            ("applied", "In effect"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="planned",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "settled_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When it was applied, cancelled or failed",
                        null=True,
                        verbose_name="settled at",
                    ),
                ),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="cancelled by",
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="Why it failed, in words", max_length=500, verbose_name="problem"
                    ),
                ),
            ],
            options={
                "verbose_name": "scheduled change",
                "verbose_name_plural": "scheduled changes",
                "ordering": ["takes_effect_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "planned")), fields=["takes_effect_at"], name="change_planned"
                    ),
                    models.Index(
                        condition=models.Q(("state", "planned")),
                        fields=["model", "object_id"],
                        name="change_planned_for",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="second_factors",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("totp", "Authenticator app"), ("passkey", "Passkey"), ("recovery", "Recovery code")],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name",
                    models.CharField(blank=True, help_text="Example: Work laptop", max_length=100, verbose_name="name"),
                ),
                (
                    "secret",
                    channels_cfg.models.encrypted.EncryptedTextField(
                        help_text="Of an app its secret in base32, of a passkey its credential in base64, of a code its digest.",
                        verbose_name="secret",
                    ),
                ),
                (
                    "last_step",
                    models.BigIntegerField(
                        help_text="Of an app: up to this step of 30 seconds its codes are used up.",
                        null=True,
                        verbose_name="last time step",
                    ),
                ),
                ("added_at", models.DateTimeField(auto_now_add=True, verbose_name="added at")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="last used at")),
            ],
            options={
                "verbose_name": "second factor",
                "verbose_name_plural": "second factors",
                "ordering": ["id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "totp")), fields=("user",), name="a_user_has_one_authenticator_app"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SettingsVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("transaction", models.PositiveBigIntegerField(editable=False, verbose_name="transaction")),
                ("made_at", models.DateTimeField(editable=False, verbose_name="made at")),
                (
                    "context",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        help_text="Who made it, and why",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="pghistory.context",
                        verbose_name="context",
                    ),
                ),
            ],
            options={
                "verbose_name": "settings version",
                "verbose_name_plural": "settings versions",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["made_at"], name="settings_version_time")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("transaction", "made_at"), name="a_transaction_makes_one_settings_version"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessRightEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.accessright",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="auth.group",
                        verbose_name="group",
                    ),
                ),
                (
                    "right",
                    models.CharField(
                        choices=[
                            ("view_history", "View history"),
                            ("serve", "Serve"),
                            ("manage_contacts", "Manage contacts"),
                            ("view_reports", "View reports"),
                        ],
                        help_text="View history: ended conversations. Serve: accept and handle. Manage contacts: read and post kept data. View reports: the Contact Log.",
                        max_length=20,
                        verbose_name="right",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "queue_group",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.queuegroup",
                        verbose_name="queue group",
                    ),
                ),
                (
                    "direct_conversations_of",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Conversations without a queue, served by a member of this group.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="auth.group",
                        verbose_name="direct conversations of",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: access right",
                "verbose_name_plural": "changes: access rights",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_cf4fab_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="d6721b70e0a3e578ed7a5521789e97bed5cababd",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_4d4a9",
                            table="channels_cfg_accessrightevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UserEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC",
                        help_text="Times on pages and in files are shown in this zone. Example: Europe/Helsinki",
                        max_length=64,
                        validators=[channels_cfg.time_zones.check_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "is_api_client",
                    models.BooleanField(
                        default=False,
                        help_text="A program, not a person: it signs in with an API key and cannot use the pages.",
                        verbose_name="API client",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: user",
                "verbose_name_plural": "changes: users",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_f61c75_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="3960820c41198b8725b37769743bed5298c266f7",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_817e5",
                            table="channels_cfg_userevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKeyEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.apikey",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="What uses it. Example: CRM nightly sync",
                        max_length=100,
                        verbose_name="name",
                    ),
                ),
                ("hint", models.CharField(editable=False, max_length=4, verbose_name="ends with")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked at")),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="From then on the key opens nothing",
                        null=True,
                        verbose_name="valid until",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: API key",
                "verbose_name_plural": "changes: API keys",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_493826_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="ae05f5fedeab9410e131a4750bdbb4e57dae0ed3",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_c35c0",
                            table="channels_cfg_apikeyevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AttachedKeyEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.attachedkey",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "name",
                    models.CharField(
                        help_text="As it comes in and goes out; upper and lower case differ. Example: customerType",
                        max_length=128,
                        validators=[channels_cfg.key_names.check_key_name],
                        verbose_name="name",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="How people call it. Example: Customer type",
                        max_length=120,
                        verbose_name="label",
                    ),
                ),
                (
                    "help_text",
                    models.CharField(
                        blank=True,
                        help_text="One line for agents. Example: Decides the service level",
                        max_length=300,
                        verbose_name="help",
                    ),
                ),
                (
                    "group",
                    models.CharField(
                        blank=True,
                        help_text="Keys of a group stand together. Example: Customer",
                        max_length=80,
                        verbose_name="group",
                    ),
                ),
                (
                    "owner",
                    models.CharField(
                        blank=True,
                        help_text="Who answers for it. Example: CRM team",
                        max_length=120,
                        verbose_name="owner",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        blank=True,
                        help_text="Why it is processed. Example: Routing to the right service level",
                        max_length=300,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("integer", "Integer"),
                            ("decimal", "Decimal number"),
                            ("boolean", "Yes or no"),
                            ("date", "Date"),
                            ("datetime", "Date and time"),
                            ("choice", "Choice"),
                            ("url", "URL"),
                            ("phone", "Phone number"),
                            ("email", "E-mail address"),
                        ],
                        default="text",
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "choices",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        blank=True,
                        default=list,
                        help_text="For the type Choice. Example: gold, silver, bronze",
                        size=None,
                        verbose_name="choices",
                    ),
                ),
                (
                    "minimum",
                    models.CharField(
                        blank=True,
                        help_text="Of a number, a date, or a date and time. Example: 0",
                        max_length=40,
                        verbose_name="minimum",
                    ),
                ),
                (
                    "maximum",
                    models.CharField(
                        blank=True, help_text="Example: 100 or 2030-12-31", max_length=40, verbose_name="maximum"
                    ),
                ),
                (
                    "decimals",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Most digits after the point of a decimal number. Example: 2",
                        null=True,
                        verbose_name="decimals",
                    ),
                ),
                (
                    "longest",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Of a text. Empty: the system's limit. Example: 40",
                        null=True,
                        verbose_name="most characters",
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        blank=True,
                        help_text="A regular expression that the whole text matches. Example: [A-Z]{2}[0-9]{6}",
                        max_length=200,
                        verbose_name="pattern",
                    ),
                ),
                (
                    "example",
                    models.CharField(
                        blank=True,
                        help_text="Shown where a value is refused. Example: FI123456",
                        max_length=200,
                        verbose_name="good example",
                    ),
                ),
                (
                    "on_violation",
                    models.CharField(
                        choices=[("refuse", "Refuse the value"), ("flag", "Keep it with a flag"), ("drop", "Drop it")],
                        default="flag",
                        help_text="Refuse: the sender gets an error. Keep with a flag: it is stored and marked. Drop: it is left out, and the reason is shown.",
                        max_length=6,
                        verbose_name="a value that breaks the rules",
                    ),
                ),
                (
                    "sensitive",
                    models.BooleanField(
                        default=False,
                        help_text="Marked wherever it is configured and shown; keeping it, or showing it in more places, asks for a typed confirmation.",
                        verbose_name="sensitive",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: key",
                "verbose_name_plural": "changes: keys",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_06c7b7_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="1491b03ac7e7427ec3b3d5bdb586978b114a1be5",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_b6783",
                            table="channels_cfg_attachedkeyevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AttachedKeyAliasEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.attachedkeyalias",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "key",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.attachedkey",
                        verbose_name="key",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Accepted on input. Example: custmerType",
                        max_length=128,
                        validators=[channels_cfg.key_names.check_key_name],
                        verbose_name="name",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: other name",
                "verbose_name_plural": "changes: other names",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_d88677_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="a89c3c77e425259f03daa29f3a8244734f2c924e",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_72b93",
                            table="channels_cfg_attachedkeyaliasevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SystemSettingsEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.systemsettings",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "allocation_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. Example: customerId, customerType",
                        size=None,
                        verbose_name="Extra Data Included When Allocating",
                    ),
                ),
                (
                    "connection_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees in addition once a call is connected. Example: contractNumber",
                        size=None,
                        verbose_name="Extra Data Included When Connecting Calls",
                    ),
                ),
                (
                    "outbound_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys passed on with outbound, transferred and consultation calls. Example: customerId",
                        size=None,
                        verbose_name="Extra Data Included in Outbound Calls",
                    ),
                ),
                (
                    "statistics_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys that are kept when the conversation ends: shown in History, in contactData and in the Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. Example: customerType",
                        size=None,
                        verbose_name="Extra Data Included in Statistics",
                    ),
                ),
                (
                    "precedence",
                    channels_cfg.models.system_settings.PrecedenceField(
                        default=channels_cfg.models.system_settings.default_precedence, size=None
                    ),
                ),
                (
                    "false_attempt_seconds",
                    models.PositiveIntegerField(
                        default=5,
                        help_text="A customer who leaves before an agent accepts, and before this many seconds have passed, counts as a false attempt; later, as abandoned. Example: 5",
                        verbose_name="false-attempt limit (seconds)",
                    ),
                ),
                (
                    "value_characters",
                    models.PositiveIntegerField(
                        default=4096,
                        help_text="A longer value is refused with the whole write. Example: 4096",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="longest value (characters)",
                    ),
                ),
                (
                    "pairs_per_conversation",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="A write that would exceed this many keys is refused whole. Example: 100",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="pairs per conversation",
                    ),
                ),
                (
                    "bytes_per_conversation",
                    models.PositiveIntegerField(
                        default=32768,
                        help_text="All keys and values of a conversation together, as JSON in UTF-8. Example: 32768 (32 KiB)",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="bytes per conversation",
                    ),
                ),
                (
                    "why_required",
                    models.BooleanField(
                        default=False,
                        help_text="On: nothing is saved in the configurator before the field “Why?” is filled in.",
                        verbose_name="ask why",
                    ),
                ),
                (
                    "administrators_need_second_factor",
                    models.BooleanField(
                        default=False,
                        help_text="On: whoever may open the System Configurator shows an authenticator app or a passkey after the password, and adds one first where there is none. API keys need none.",
                        verbose_name="administrators need a second factor",
                    ),
                ),
                (
                    "largest_file_megabytes",
                    models.PositiveIntegerField(
                        default=10,
                        help_text="Example: 10",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(
                                100, message="No channel takes more than %(limit_value)s MB."
                            ),
                        ],
                        verbose_name="largest file (MB)",
                    ),
                ),
                (
                    "allowed_file_types",
                    channels_cfg.models.tidied.TidiedArrayField(
                        base_field=models.CharField(max_length=10),
                        blank=True,
                        default=channels_cfg.models.system_settings.default_file_types,
                        help_text="File endings, separated by commas; upper and lower case do not differ. Example: pdf, jpg, png, mp4",
                        size=None,
                        validators=[channels_cfg.models.system_settings.check_file_types],
                        verbose_name="allowed file types",
                    ),
                ),
                (
                    "attachment_location",
                    channels_cfg.models.tidied.TidiedCharField(
                        blank=True,
                        help_text="Folder for files of chats. Empty: the portal's own. Example: /srv/files",
                        max_length=300,
                        validators=[channels_cfg.models.system_settings.check_folder],
                        verbose_name="attachment location",
                    ),
                ),
                (
                    "public_base_url",
                    channels_cfg.models.tidied.TidiedURLField(
                        blank=True,
                        help_text="Where messaging channels fetch files that agents send. Example: https://chat.example.com/files",
                        validators=[channels_cfg.models.system_settings.check_base_url],
                        verbose_name="public base address",
                    ),
                ),
                (
                    "public_attachment_hours",
                    models.PositiveIntegerField(
                        default=72,
                        help_text="How long such an address works. Example: 72",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(
                                8760, message="At most a year: %(limit_value)s hours."
                            ),
                        ],
                        verbose_name="retention time for public attachments (hours)",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: system settings",
                "verbose_name_plural": "changes: system settings",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_2d2e35_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="94db29395a414fa15a41a3b40795c36c8b61a399",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_f3b36",
                            table="channels_cfg_systemsettingsevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.channel",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "allocation_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. Example: customerId, customerType",
                        size=None,
                        verbose_name="Extra Data Included When Allocating",
                    ),
                ),
                (
                    "connection_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees in addition once a call is connected. Example: contractNumber",
                        size=None,
                        verbose_name="Extra Data Included When Connecting Calls",
                    ),
                ),
                (
                    "outbound_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys passed on with outbound, transferred and consultation calls. Example: customerId",
                        size=None,
                        verbose_name="Extra Data Included in Outbound Calls",
                    ),
                ),
                (
                    "statistics_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys that are kept when the conversation ends: shown in History, in contactData and in the Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. Example: customerType",
                        size=None,
                        verbose_name="Extra Data Included in Statistics",
                    ),
                ),
                ("name", models.CharField(help_text="Example: Customer chat", max_length=100, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("voice", "Voice"), ("email", "E-mail"), ("chat", "Chat")],
                        help_text="Fixed once the channel has queues: it decides which of the lists below apply.",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "precedence",
                    channels_cfg.models.system_settings.PrecedenceField(blank=True, default=list, size=None),
                ),
                (
                    "false_attempt_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: as in the system settings. Example: 5",
                        null=True,
                        verbose_name="false-attempt limit (seconds)",
                    ),
                ),
                (
                    "pick_up_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="An offer that the agent neither accepts nor rejects goes back to its queue after this long. Empty: it stays. Example: 120",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(
                                5,
                                message="At least %(limit_value)s seconds: nobody accepts sooner. Empty: an offer stays.",
                            )
                        ],
                        verbose_name="time to accept (seconds)",
                    ),
                ),
                (
                    "live_data_until_handled",
                    models.BooleanField(
                        default=False,
                        help_text="Off: what is not kept is destroyed when the conversation ends. On: it stays visible to the agent during wrap-up and is destroyed when wrap-up is over.",
                        verbose_name="agents see all data until handled",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: channel",
                "verbose_name_plural": "changes: channels",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_c5cbb0_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="d5536c11631c9eb7b7c7d1f2e7061247acb3fdb4",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_0ced3",
                            table="channels_cfg_channelevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueGroupEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.queuegroup",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(help_text="Example: Nordic sales", max_length=100, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
            ],
            options={
                "verbose_name": "change: queue group",
                "verbose_name_plural": "changes: queue groups",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_70f3a9_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="d70ce1851645a72fe1e2917c170ed177b3a5eb27",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_7a4ae",
                            table="channels_cfg_queuegroupevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.queue",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "allocation_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. Example: customerId, customerType",
                        size=None,
                        verbose_name="Extra Data Included When Allocating",
                    ),
                ),
                (
                    "connection_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys the agent sees in addition once a call is connected. Example: contractNumber",
                        size=None,
                        verbose_name="Extra Data Included When Connecting Calls",
                    ),
                ),
                (
                    "outbound_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys passed on with outbound, transferred and consultation calls. Example: customerId",
                        size=None,
                        verbose_name="Extra Data Included in Outbound Calls",
                    ),
                ),
                (
                    "statistics_keys",
                    channels_cfg.models.extra_data.KeyListField(
                        blank=True,
                        default=list,
                        help_text="Keys that are kept when the conversation ends: shown in History, in contactData and in the Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. Example: customerType",
                        size=None,
                        verbose_name="Extra Data Included in Statistics",
                    ),
                ),
                ("name", models.CharField(help_text="Example: Chat sales", max_length=100, verbose_name="name")),
                (
                    "channel",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.channel",
                        verbose_name="channel",
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
            ],
            options={
                "verbose_name": "change: queue",
                "verbose_name_plural": "changes: queues",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_2a5ce5_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="2854a21d6a73d90c77a901f69b3d734f0624dfa8",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_4e31d",
                            table="channels_cfg_queueevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueAddressEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.queueaddress",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "queue",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "address",
                    channels_cfg.models.tidied.TidiedCharField(
                        help_text="Examples: +358401234567 · sales@example.com · 01ABC…@whatsapp.sinchconversation.com",
                        max_length=320,
                        verbose_name="address",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: queue address",
                "verbose_name_plural": "changes: queue addresses",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_ded1b7_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="319e1fc3441440cd9b73ac687e2f851dbe452545",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_68fa3",
                            table="channels_cfg_queueaddressevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordedGroupEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.recordedgroup",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.IntegerField()),
                ("name", models.CharField(max_length=150, verbose_name="name")),
            ],
            options={
                "verbose_name": "change: group",
                "verbose_name_plural": "changes: groups",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_09c1e9_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="1d0b6d638708f10877a36d2f9cff94100a9c311d",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_4d55e",
                            table="channels_cfg_recordedgroupevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupMembershipEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.groupmembership",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_tablespace="",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        db_constraint=False,
                        db_tablespace="",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="auth.group",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: group membership",
                "verbose_name_plural": "changes: group memberships",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_8d0167_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="2a92e14aa589a739fea7d7ec900337d080a0c4d0",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_c2696",
                            table="channels_cfg_groupmembershipevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QueueGroupMembershipEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.queuegroupmembership",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "queue",
                    models.ForeignKey(
                        db_constraint=False,
                        db_tablespace="",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.queue",
                    ),
                ),
                (
                    "queuegroup",
                    models.ForeignKey(
                        db_constraint=False,
                        db_tablespace="",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.queuegroup",
                    ),
                ),
            ],
            options={
                "verbose_name": "change: queue in a queue group",
                "verbose_name_plural": "changes: queues in queue groups",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_9c9e1e_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="a72305c71a61f920b9af3c949de362e478640118",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_b3cdd",
                            table="channels_cfg_queuegroupmembershipevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessagingServiceEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.messagingservice",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(help_text="Example: WhatsApp Finland", max_length=100, verbose_name="name")),
                (
                    "region",
                    models.CharField(
                        choices=[("eu", "Europe"), ("us", "United States"), ("br", "Brazil")],
                        default="eu",
                        help_text="The region of the app. Apps in two regions need two messaging services.",
                        max_length=2,
                        verbose_name="region",
                    ),
                ),
                (
                    "project_id",
                    channels_cfg.models.tidied.TidiedCharField(
                        help_text="Example: e2df3a34-a71b-4448-9db5-a8d2baad28e4",
                        max_length=64,
                        validators=[channels_cfg.addresses.check_project_id],
                        verbose_name="project ID",
                    ),
                ),
                (
                    "app_id",
                    channels_cfg.models.tidied.TidiedCharField(
                        help_text="The Conversation API app, in CONVERSATION processing mode. Example: 01EB37HMH1M6SV18ASNS3G135H",
                        max_length=64,
                        validators=[channels_cfg.addresses.check_app_id],
                        verbose_name="app ID",
                    ),
                ),
                (
                    "queue",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="Where its conversations wait, unless another queue has the address APP_ID@channel.sinchconversation.com.",
                        limit_choices_to={"channel__kind": "chat"},
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.queue",
                        verbose_name="queue",
                    ),
                ),
                (
                    "key_id",
                    models.CharField(
                        blank=True,
                        help_text="Of an access key of the project; the connection test signs in with it. Example: 8f3c2a10-5b4d-4e7f-9a61-0c2d3e4f5a6b",
                        max_length=64,
                        verbose_name="access key ID",
                    ),
                ),
                (
                    "enabled",
                    models.BooleanField(
                        default=True, help_text="Off: its callbacks are refused.", verbose_name="enabled"
                    ),
                ),
            ],
            options={
                "verbose_name": "change: messaging service",
                "verbose_name_plural": "changes: messaging services",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_67d7ee_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="5fbb56599f11d836e1352adefb1404e9cd64b8f4",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_a4aae",
                            table="channels_cfg_messagingserviceevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookSecretEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_version",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="channels_cfg.settingsversion",
                        verbose_name="pgh version",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="channels_cfg.webhooksecret",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                ("id", models.BigIntegerField()),
                (
                    "service",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="channels_cfg.messagingservice",
                        verbose_name="service",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Example: from January 2027", max_length=100, verbose_name="note"
                    ),
                ),
                ("added_at", models.DateTimeField(auto_now_add=True, verbose_name="added at")),
            ],
            options={
                "verbose_name": "change: webhook secret",
                "verbose_name_plural": "changes: webhook secrets",
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "-pgh_id"], name="channels_cf_pgh_obj_4a2b88_idx")],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="join_settings_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n    SELECT id INTO NEW.pgh_version_id FROM channels_cfg_settingsversion\n     WHERE transaction = pg_current_xact_id()::text::bigint AND made_at = now();\n    IF NOT FOUND THEN\n        INSERT INTO channels_cfg_settingsversion (transaction, made_at, context_id)\n        VALUES (pg_current_xact_id()::text::bigint, now(), NEW.pgh_context_id)\n        RETURNING id INTO NEW.pgh_version_id;\n    END IF;\n    RETURN NEW;\n",
                            hash="8ddd5b37f93257dd371ac8b68f3b5ecd3f986a65",
                            operation="INSERT",
                            pgid="pgtrigger_join_settings_version_4f178",
                            table="channels_cfg_webhooksecretevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True, verbose_name="when")),
                ("account", models.CharField(blank=True, db_index=True, max_length=150, verbose_name="who")),
                ("address", models.GenericIPAddressField(db_index=True, null=True, verbose_name="from where")),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("password", "Password"),
                            ("api_key", "API key"),
                            ("client", "Key for a token"),
                            ("token", "Token"),
                            ("totp", "Authenticator app"),
                            ("passkey", "Passkey"),
                            ("recovery", "Recovery code"),
                        ],
                        max_length=12,
                        verbose_name="how",
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("signed_in", "Signed in"),
                            ("failed", "Failed"),
                            ("blocked", "Failed once too often"),
                            ("signed_out", "Signed out"),
                            ("added", "Added"),
                            ("removed", "Removed"),
                        ],
                        max_length=12,
                        verbose_name="result",
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        blank=True,
                        help_text="Who removed somebody else's second factor",
                        max_length=150,
                        verbose_name="by whom",
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in",
                "verbose_name_plural": "sign-ins",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="WaitingUpload",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False, verbose_name="id"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("configuration", "Configuration file"),
                            ("keys", "Keys"),
                            ("queues", "Queues"),
                            ("users", "Users"),
                        ],
                        max_length=13,
                        verbose_name="kind",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Of the file, as its sender calls it", max_length=200, verbose_name="name"
                    ),
                ),
                ("content", models.BinaryField(verbose_name="content")),
                (
                    "fingerprint",
                    models.CharField(
                        help_text="Of the plan that its sender was shown", max_length=64, verbose_name="fingerprint"
                    ),
                ),
                (
                    "notes",
                    models.JSONField(
                        default=list, help_text="What the plan leaves as it is, in words", verbose_name="notes"
                    ),
                ),
                ("uploaded_at", models.DateTimeField(verbose_name="uploaded at")),
            ],
            options={
                "verbose_name": "waiting upload",
                "verbose_name_plural": "waiting uploads",
                "ordering": ["-uploaded_at"],
            },
        ),
        migrations.CreateModel(
            name="PlannedRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="channels_cfg.waitingupload",
                        verbose_name="upload",
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="Its order in the plan", verbose_name="number")),
                (
                    "place",
                    models.CharField(
                        blank=True,
                        help_text="Where the file names it. Example: row 12",
                        max_length=80,
                        verbose_name="place",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("add", "Added"),
                            ("change", "Changed"),
                            ("remove", "Removed"),
                            ("same", "Unchanged"),
                            ("refused", "Refused"),
                        ],
                        max_length=7,
                        verbose_name="outcome",
                    ),
                ),
                ("name", models.CharField(max_length=400, verbose_name="name")),
                (
                    "lines",
                    models.JSONField(
                        default=list,
                        help_text="For each setting: label, old, new, gained, lost; or place and problem",
                        verbose_name="lines",
                    ),
                ),
                (
                    "cells",
                    models.JSONField(
                        default=dict,
                        help_text="Of a refused row, its cells by setting, as uploaded",
                        verbose_name="cells",
                    ),
                ),
            ],
            options={
                "verbose_name": "planned record",
                "verbose_name_plural": "planned records",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("upload", "outcome", "number"), name="a_planned_record_has_its_number"
                    )
                ],
            },
        ),
    ]
