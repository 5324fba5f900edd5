import channels_cfg.time_zones
import django.contrib.auth.models
import django.contrib.auth.validators
import django.utils.timezone
import pgtrigger.compiler
from django.db import migrations, models


# Users alone, so that the libraries' migrations come before all else: each that touches the user builds every model
# that knows it anew. What the triggers write into comes with 0003.
class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
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
                        unique=True,
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
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "ordering": ["username"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("is_api_client", False), ("is_staff", False), _connector="OR"),
                        name="an_api_client_opens_no_configurator",
                        violation_error_message="An API client cannot use the pages. Switch one of the two off.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="settings_change_in_turns",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="PERFORM pg_advisory_xact_lock(hashtext('channels_cfg_settingsversion')); RETURN NULL;",
                            hash="30286939feb52394b34afaafeb8216448c9ee580",
                            level="STATEMENT",
                            operation='INSERT OR UPDATE OF "id", "is_superuser", "username", "first_name", "last_name", "email", "is_staff", "is_active", "date_joined", "time_zone", "is_api_client" OR DELETE',
                            pgid="pgtrigger_settings_change_in_turns_0fc36",
                            table="channels_cfg_user",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_userevent" ("date_joined", "email", "first_name", "id", "is_active", "is_api_client", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone", "username") VALUES (NEW."date_joined", NEW."email", NEW."first_name", NEW."id", NEW."is_active", NEW."is_api_client", NEW."is_staff", NEW."is_superuser", NEW."last_name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."time_zone", NEW."username"); RETURN NULL;',
                            hash="5f3252c94815a1a0d94dd0b86cefb38e6ecc7bfc",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_8054f",
                            table="channels_cfg_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."date_joined" IS DISTINCT FROM (NEW."date_joined") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_api_client" IS DISTINCT FROM (NEW."is_api_client") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."username" IS DISTINCT FROM (NEW."username"))',
                            func='INSERT INTO "channels_cfg_userevent" ("date_joined", "email", "first_name", "id", "is_active", "is_api_client", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone", "username") VALUES (NEW."date_joined", NEW."email", NEW."first_name", NEW."id", NEW."is_active", NEW."is_api_client", NEW."is_staff", NEW."is_superuser", NEW."last_name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."time_zone", NEW."username"); RETURN NULL;',
                            hash="da5a229a284bcaeaba3f9a55769c737cdc0b0456",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_b8672",
                            table="channels_cfg_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "channels_cfg_userevent" ("date_joined", "email", "first_name", "id", "is_active", "is_api_client", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone", "username") VALUES (OLD."date_joined", OLD."email", OLD."first_name", OLD."id", OLD."is_active", OLD."is_api_client", OLD."is_staff", OLD."is_superuser", OLD."last_name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."time_zone", OLD."username"); RETURN NULL;',
                            hash="4221d1c13c9749b67674ac82e79b570229951af0",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9afa0",
                            table="channels_cfg_user",
                            when="AFTER",
                        ),
                    ),
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
    ]
