"""A visitor of a shop's page and an agent, each in a browser, over a portal that really runs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from channels_cfg.models import QUEUE_RIGHTS, Channel, Queue, QueueAddress, Right, User
from config.demo_shop.__main__ import serve
from conversations import lifecycle
from conversations.models import Conversation, LiveDatum, Message
from reporting.contact_log.fill import run_reporting_job
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory, user_with
from tests.journeys.conftest import Portal, eventually
from tests.journeys.test_canary import canaries, database_dump, every_answer, signed_in  # noqa: F401
from tests.pages.conftest import forbidden_by_policy, session_of
from tests.pages.looks import seen_at, shortcomings
from tests.statistics import gather_statistics

SALES = "sales@shop.example"
SMALL_TELEPHONE = 360


@dataclass
class Shop:
    """A page on an origin of its own, the queue behind it, and whoever is there."""

    origin: str
    portal: Portal
    browser: Browser
    queue: Queue
    agent: User
    contexts: list[BrowserContext]
    complaints: list[str]

    def visit(self, context: BrowserContext | None = None, **options: object) -> Page:
        """Another visitor, or another tab of one."""
        if context is None:
            context = self.browser.new_context(viewport={"width": 1280, "height": 900}, **options)
            self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.extend(forbidden_by_policy(page, message.text)))
        page.goto(self.origin)
        eventually(lambda: page.evaluate("Boolean(customElements.get('keepsake-launchpad'))"))
        return page

    def desk(self, conversation: Conversation | None = None) -> Page:
        context = self.browser.new_context(viewport={"width": 1280, "height": 900}, base_url=self.portal.url)
        self.contexts.append(context)
        context.add_cookies([session_of(self.agent, self.portal.url)])
        page = context.new_page()
        page.goto(f"/desk/{conversation.pk}/" if conversation else "/desk/")
        return page


@pytest.fixture
def shop(portal: Portal, browser: Browser) -> Iterator[Shop]:
    server = serve(portal.url, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    channel = ChannelFactory(allowed_origins=[origin], pre_chat_keys=["topic"], ask_name="required")
    queue = QueueFactory(name="Web shop", channel=channel)
    QueueAddress.objects.create(queue=queue, address=SALES)
    AttachedKeyFactory(name="topic", label="What is it about?", kind="choice", choices=["order", "invoice"])
    agent = user_with(Right.SERVE, on=queue, first_name="Anna", last_name="Ek")
    made = Shop(origin, portal, browser, queue, agent, [], [])
    yield made
    for context in made.contexts:
        context.close()
    server.shutdown()
    server.server_close()
    assert made.complaints == []


def live() -> dict[str, object]:
    return dict(LiveDatum.objects.values_list("key", "value"))


def said(page: Page) -> object:
    return page.locator("keepsake-chat .said__text")


def test_a_visitor_and_an_agent_chat_through_reload_second_tab_and_lost_connection(shop):
    page = shop.visit()
    page.evaluate("cvc.setCad({customerType: 'gold'})")
    page.get_by_role("button", name="Chat with us").click()
    page.get_by_role("button", name="Start the chat").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_text("Please fill this in.")).to_be_visible()
    page.get_by_label("Name").fill("Maija <b>Korhonen</b>")
    page.get_by_label("What is it about?").select_option("order")
    assert shortcomings(page) == []
    page.get_by_role("button", name="Start the chat").click()

    field = page.get_by_label("Your message")
    field.fill("<img src=x onerror=alert(1)> Is it back?")
    field.press("Enter")
    expect(said(page)).to_have_text(["<img src=x onerror=alert(1)> Is it back?"])
    conversation = eventually(lambda: Conversation.objects.filter(messages__isnull=False).first())
    assert live() == {"customerType": "gold", "topic": "order", "name": "Maija <b>Korhonen</b>"}

    desk = shop.desk(conversation)
    desk.locator("#action_accept").click()
    expect(page.get_by_text("You are talking to Anna.")).to_be_visible()
    expect(desk.locator(".message--customer")).to_contain_text("<img src=x onerror=alert(1)> Is it back?")
    field.press_sequentially("I a")
    expect(desk.get_by_text("is typing")).to_be_visible()
    desk.locator("#reply_text").press_sequentially("Ye")
    expect(page.get_by_text("Anna is typing")).to_be_visible()
    desk.locator("#reply_text").fill("Yes, <i>today</i>.")
    desk.locator("#reply_text").press("Enter")
    expect(said(page)).to_have_text(["<img src=x onerror=alert(1)> Is it back?", "Yes, <i>today</i>."])
    expect(desk.locator(".message--agent .chip")).to_have_text("Read")
    assert shortcomings(page) == []

    with pytest.raises(Error, match="before the chat starts"):
        page.evaluate("cvc.setCad({customerType: 'silver'})")
    assert live()["customerType"] == "gold"

    page.reload()
    expect(said(page)).to_have_count(2)
    second = shop.visit(page.context)
    second.get_by_role("button", name="Chat with us").click()
    expect(said(second)).to_have_count(2)
    page.context.set_offline(True)
    field.fill("Are you there?")
    field.press("Enter")
    expect(page.get_by_text("Sending")).to_be_visible()
    expect(page.get_by_text("Connection lost.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Sending")).to_have_count(0)
    second.get_by_label("Your message").fill("From the other tab")
    second.get_by_label("Your message").press("Enter")
    for one in (page, second):
        expect(said(one)).to_have_count(4)
    texts = list(Message.objects.order_by("pk").values_list("text", flat=True))
    assert texts[2:] == ["Are you there?", "From the other tab"]

    page.get_by_role("button", name="End chat").click()
    page.get_by_role("button", name="End chat").last.click()
    expect(page.get_by_text("You have left the chat.")).to_be_visible()
    expect(second.get_by_text("You have left the chat.")).to_be_visible()
    conversation.refresh_from_db()
    assert (conversation.state, conversation.ended_by) == ("wrap_up", "customer")
    page.get_by_role("button", name="Start a new chat").click()
    expect(page.get_by_label("Name")).to_be_visible()


def test_the_documented_client_and_the_launchpad(shop):
    Channel.objects.update(ask_name="optional", allowed_origins=[shop.origin])
    page = shop.visit()
    page.evaluate("""() => {
        window.heard = [];
        cvc.setQueues([{address: "sales@shop.example"}]);
        cvc.setUser("Maija", "maija@example.com");
        cvc.setCad({test1: 1, test2: "two"});
        window.hear = (event) => heard.push(event.type + ":" + (event.detail.content ?? event.detail));
        cvc.attachEvent("chatState", hear);
        cvc.attachEvent("message", hear);
        return cvc.startChat();
    }""")
    conversation = Conversation.objects.get()
    assert live() == {"test1": 1, "test2": "two", "name": "Maija", "email": "maija@example.com"}
    with pytest.raises(Error, match="before the chat starts"):
        page.evaluate("cvc.setUser('Eve', '')")
    page.evaluate("cvc.sendMessage('Hello')")
    desk = shop.desk(conversation)
    desk.locator("#action_accept").click()
    eventually(lambda: page.evaluate("heard.length") == 3)
    details = page.evaluate("new Promise((resolve) => cvc.getDetails(resolve))")
    assert page.evaluate("heard") == ["chatState:proceeding", "message:Hello", "chatState:connected"]
    assert [one["text"] for one in details["transcript"]] == ["Hello"]
    assert [one["role"] for one in details["participants"]] == ["visitor", "agent"]
    page.evaluate("cvc.detachEvent('message', hear)")
    page.evaluate("cvc.exit()")
    eventually(lambda: page.evaluate("heard.at(-1)") == "chatState:completed")

    other = shop.visit(color_scheme="dark")
    with seen_at(other, SMALL_TELEPHONE):
        ways, chat = (other.get_by_role("button", name=name).bounding_box() for name in ("Contact us", "Chat with us"))
        assert ways["x"] + ways["width"] < chat["x"]
    other.get_by_role("button", name="Contact us").press("Enter")
    expect(other.get_by_role("link", name="Chat with sales")).to_be_focused()
    assert shortcomings(other) == []
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", name="Chat with sales")).to_be_visible()
    other.keyboard.press("Escape")
    expect(other.get_by_role("button", name="Contact us")).to_be_focused()

    Channel.objects.update(allowed_origins=["https://elsewhere.example"])
    foreign = shop.visit()
    foreign.get_by_role("button", name="Chat with us").click()
    expect(foreign.get_by_text("The chat cannot be reached at the moment.")).to_be_visible()
    assert foreign.evaluate("cvc.startChat().catch((error) => error.status)") == 403
    assert Conversation.objects.count() == 1


def test_the_widget_speaks_the_language_of_the_browser_or_the_one_that_the_page_forces(shop):
    page = shop.visit(locale="fi-FI")
    page.get_by_role("button", name="Chat with us").click()
    expect(page.get_by_role("button", name="Aloita keskustelu")).to_be_visible()
    expect(page.get_by_label("Nimi")).to_be_visible()
    expect(page.locator("keepsake-chat dialog")).to_have_attribute("lang", "fi")
    assert shortcomings(page) == []

    page.context.add_init_script("""
        new MutationObserver(() => {
            const tag = document.querySelector("script[data-widget]");
            if (tag) tag.dataset.language = "sv";
        }).observe(document, { childList: true, subtree: true });
    """)
    forced = shop.visit(page.context)
    forced.get_by_role("button", name="Chat with us").click()
    expect(forced.get_by_role("button", name="Starta chatten")).to_be_visible()


def test_what_a_visitor_told_and_nobody_keeps_is_found_nowhere_after_the_end(portal, canaries):  # noqa: F811
    origin = "https://shop.example.com"
    queue = QueueFactory(channel=ChannelFactory(allowed_origins=[origin], statistics_keys=["customerType"]))
    QueueAddress.objects.create(queue=queue, address=SALES)
    AttachedKeyFactory(name="orderId", pattern="[A-Z]{2}[0-9]{6}", example="FI123456", on_violation="refuse")
    tokens = [secrets.token_urlsafe(32) for _ in range(3)]
    pages = [portal.client(headers={"Origin": origin, "Authorization": f"Bearer {token}"}) for token in tokens]

    def order(**data: str) -> dict[str, object]:
        own = {"name": canaries.new(), "email": f"{canaries.new()}@example.com"}
        return {"queues": [{"address": SALES}], **own, "attached_data": data}

    begun = [page.post("/visitor/chats", json=order(customerType="gold", secret=canaries.new())) for page in pages[:2]]
    served, abandoned = (f"/visitor/chats/{answer.json()['id']}" for answer in begun)
    refused = [
        pages[2].post("/visitor/chats", json=order(orderId=canaries.new())),
        pages[0].post("/visitor/chats", json=order(later=canaries.new())),
        pages[0].patch(served, json={"attached_data": {"later": canaries.new()}}),
        pages[1].post(f"{served}/messages", json={"id": "message-1", "text": canaries.new()}),
        pages[2].post("/visitor/chats", json=order(), headers={"Origin": "https://evil.example"}),
    ]
    assert [answer.status_code for answer in refused] == [422, 409, 409, 404, 403]
    assert not any(canaries.found_in(answer.content) for answer in refused)
    gather_statistics()
    agent = user_with(Right.SERVE, on=queue)
    lifecycle.accept(begun[0].json()["id"], by=agent, now=timezone.now())
    assert pages[1].post(f"{abandoned}/leave").json()["state"] == "completed"
    assert pages[0].post(f"{served}/leave").json()["state"] == "completed"
    canaries.values += tokens
    run_reporting_job()

    places: dict[str, bytes] = dict(database_dump())
    places |= {str(file): file.read_bytes() for file in portal.var_dir.rglob("*") if file.is_file()}
    supervisor = user_with(*QUEUE_RIGHTS, on=queue)
    places |= dict(every_answer(signed_in(portal, supervisor), "/history/", "/reports/"))
    places |= dict(every_answer(pages[0], served, f"{served}/news"))
    assert [place for place, content in places.items() if canaries.found_in(content)] == []
    assert any(b"gold" in content for content in places.values()), "what is kept is found"
