import json
import re
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import Client
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from channels_cfg.models import QUEUE_RIGHTS, Channel, Right
from channels_cfg.problem_details import GENESYS_CLOUD
from config.api_errors import (
    MACHINE_DOORS,
    bad_request,
    page_not_found,
    permission_denied,
    problem_json,
    server_error,
)
from config.portal.sent_forms import csrf_failure
from tests.architecture.test_rights import every_address
from tests.factories import ApiKeyFactory, QueueFactory, queued_conversation, user_with


def answer_to(failure):
    response = problem_json(failure, {"request": SimpleNamespace(path="/api/v1/calls")})
    assert response["Content-Type"] == "application/problem+json"
    return json.loads(response.content)


class EchoView(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request):
        return Response(request.data)


def send(body: bytes):
    request = APIRequestFactory().post("/api/echo", data=body, content_type="application/json")
    return EchoView.as_view()(request)


def test_a_refused_key_is_named_with_its_reason():
    problem = answer_to(ValidationError({"amount": "“ten” is not a number."}))

    assert problem["status"] == 400
    assert problem["instance"] == "/api/v1/calls"
    assert problem["errors"] == {"amount": ["“ten” is not a number."]}


def test_what_is_wrong_with_the_whole_is_the_detail():
    problem = answer_to(ValidationError("The conversation has ended."))

    assert problem["detail"] == "The conversation has ended."
    assert "errors" not in problem


def test_nested_fields_are_named_by_their_path():
    problem = answer_to(serializers.ValidationError({"customer": {"name": ["Too long."]}, "tags": [{}, {"id": ["?"]}]}))

    assert problem["errors"] == {"customer.name": ["Too long."], "tags[1].id": ["?"]}


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Http404("SELECT secret"), 404),
        (PermissionDenied(), 403),
        (exceptions.NotAuthenticated(), 401),
        (exceptions.Throttled(wait=7), 429),
    ],
)
def test_every_refusal_says_its_status_and_a_sentence(failure, status):
    problem = answer_to(failure)

    assert problem["status"] == status
    assert problem["title"] and problem["detail"]
    assert "secret" not in str(problem)


def test_what_nobody_foresaw_is_left_to_django():
    assert problem_json(RuntimeError("a value"), {"request": SimpleNamespace(path="/api/")}) is None


def test_an_unforeseen_failure_tells_a_machine_nothing_of_the_inside(rf):
    response = server_error(rf.get("/api/v1/calls"))

    assert response.status_code == 500
    assert json.loads(response.content)["status"] == 500


def test_an_unknown_address_behind_a_machine_door_is_a_problem(client):
    response = client.get("/RI/nowhere")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"[" * 100_000, b"{", b"\xff\xfe", b'{"a": NaN}'])
def test_garbage_is_a_bad_request(body):
    assert send(body).status_code == 400


def test_a_value_that_would_replace_another_of_the_same_name_is_refused():
    answer = send(b'{"attached_data": {"a": 1}, "attached_data": {"b": 2}}')

    assert answer.status_code == 400
    assert "“attached_data” is there twice" in json.loads(answer.content)["detail"]


def test_a_body_beyond_the_limit_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    assert send(b'{"a": "%s"}' % (b"x" * 200)).status_code == 413


ANY_KIND = ("/sms/sinchconversation/all", "/oauth/token", "/visitor/chats")
"""Take what is signed, whatever it is called, refuse in the words of OAuth (RFC 6749, 5.2), and ask a visitor for the
token first."""

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.django_db
def test_every_machine_address_refuses_other_methods_and_kinds_of_bodies_in_problem_documents():
    queue = QueueFactory(channel__kind=Channel.Kind.VOICE)
    user = user_with(*QUEUE_RIGHTS, on=queue, is_api_client=True)
    client = Client(headers={"X-Api-Key": ApiKeyFactory(user=user).text})
    conversation = queued_conversation(queue)
    addresses = [
        re.sub("<.*?>", str(conversation.pk), re.sub("<int:.*?>", "1", f"/{address}"))
        for address in every_address()
        if f"/{address}".startswith(MACHINE_DOORS)
    ]
    refused = set()

    for address in addresses:
        allowed = set(client.generic("BREW", address)["Allow"].split(", "))
        answers = {method: client.generic(method, address) for method in METHODS - allowed}
        answers["packed"] = client.post(address, b"{}", "application/json", headers={"Content-Encoding": "gzip"})
        if "POST" in allowed and not address.startswith(ANY_KIND):
            answers["kind"] = client.post(address, b"{}", "text/plain")
        for what, answer in answers.items():
            status = 405 if what in METHODS else 415
            kind = "application/json" if address.startswith(GENESYS_CLOUD) else "application/problem+json"
            assert (answer.status_code, answer["Content-Type"]) == (status, kind), (address, what)
            said = answer.json()
            assert said["status"] == status and (said.get("instance") == address or said["code"])
            assert status == 415 or set(answer["Allow"].split(", ")) == allowed
            refused.add((address, status))

    assert len(addresses) > 20 and refused == {(address, status) for address in addresses for status in (405, 415)}


@pytest.mark.django_db
@pytest.mark.parametrize("failure", [bad_request, permission_denied, page_not_found, server_error, csrf_failure])
def test_a_page_that_failed_keeps_the_header_of_its_viewer(rf, failure):
    request = rf.get("/history/")
    request.user = user_with(Right.VIEW_HISTORY, on=QueueFactory(), first_name="Anna", last_name="Ek")

    answer = failure(request) if failure in (server_error, csrf_failure) else failure(request, Exception())

    assert "Anna Ek" in answer.content.decode()
    assert '<a href="/history/" aria-current="page">History</a>' in answer.content.decode()
