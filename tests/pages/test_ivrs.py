"""IVR definitions in a browser: made step by step, refused for a fault, drawn, tried out by pressing keys."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from channels_cfg.models import IvrDefinition, IvrStep, User
from tests.factories import ChannelFactory, IvrDefinitionFactory, QueueFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings
from tests.pages.test_configurator import configurator

__all__ = ["configurator"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def service_number() -> IvrDefinition:
    phone = ChannelFactory(name="Phone", kind="voice", allocation_keys=["Selected_language"])
    ivr: IvrDefinition = IvrDefinitionFactory(channel=phone, steps__queue=QueueFactory(name="Sales", channel=phone))
    number = {"prompt": "Your customer number, please.", "variable": "customerNumber", "shortest": 5, "longest": 7}
    IvrStep.objects.create(
        definition=ivr,
        name="Number",
        kind="digits",
        position=15,
        back_key="*",
        **{"next_step": "Sales", "other_step": "Sales"} | number,
    )
    ivr.steps.filter(name="Language").update(keys=["1 = fi > Number", "2 = en > Number"])
    ivr.variables.append("customerNumber")
    ivr.save()
    assert ivr.faults() == []
    return ivr


def test_an_ivr_is_mended_drawn_and_tried_out_by_the_keyboard_alone(open_as: OpenAs, configurator: User):
    ivr = service_number()
    page = open_as(configurator, reverse("admin:channels_cfg_ivrdefinition_change", args=[ivr.pk]), width=1440)
    panel, heard = page.locator(".ivr-panel"), page.locator(".ivr-said")
    expect(panel.locator("svg .ivr-step")).to_have_count(4)
    assert shortcomings(page, [".ivr-panel", "#steps-group"]) == []

    # A step more, which nothing leads to: drawn as it is typed, with what is wrong, and refused where it stands.
    page.get_by_text("Add another Step").click()
    expect(page.locator("#id_steps-4-position")).to_have_value("40")
    page.locator("#id_steps-4-name").fill("Closing")
    expect(page.locator("#id_steps-4-prompt")).to_be_hidden()
    page.locator("#id_steps-4-kind").select_option("say")
    expect(page.locator("#id_steps-4-keys")).to_be_hidden()
    page.locator("#id_steps-4-prompt").fill("All is said.")
    page.locator("#id_steps-4-next_step").fill("Goodbye")
    expect(panel.locator("svg .ivr-step")).to_have_count(5)
    expect(panel.locator(".ivr-faults")).to_contain_text("Closing Name: No call comes to it.")
    assert IvrStep.objects.count() == 4
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#steps-group").get_by_text("No call comes to it.")).to_be_visible()
    expect(panel.locator("svg .ivr-step")).to_have_count(5)
    assert shortcomings(page, [".ivr-panel", "#steps-group"]) == []

    # Let one lead to it: saved, and drawn.
    page.get_by_role("button", name="Language Menu").press("Enter")
    page.locator("#id_steps-0-other_step").fill("Closing")
    expect(panel.get_by_role("status")).to_contain_text("without a fault")
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()
    expect(panel.locator("svg .ivr-step")).to_have_count(5)
    page.get_by_text("The same in words").click()
    expect(panel.get_by_text("3 × wrong: to Closing")).to_be_visible()

    # Tried out as it is typed.
    page.get_by_role("button", name="Language Menu").press("Enter")
    prompt = page.locator("#id_steps-0-prompt")
    stored = prompt.input_value()
    prompt.fill("Not saved yet")
    panel.get_by_role("button", name="Call", exact=True).press("Enter")
    expect(heard).to_contain_text("Not saved yet")
    prompt.fill(stored)
    panel.get_by_role("button", name="Call again").press("Enter")

    # A wrong key, the way back, a number; keys are typed where the telephone has them.
    expect(heard).to_contain_text("For Finnish press 1")
    page.keyboard.press("7")
    expect(heard).to_contain_text("That was a wrong entry")
    page.keyboard.press("1")
    expect(page.locator("#ivr-digits")).to_be_focused()
    panel.get_by_role("button", name="* back").press("Enter")
    expect(heard).to_contain_text("For Finnish press 1")
    page.keyboard.press("2")
    expect(page.locator("#ivr-digits")).to_be_focused()
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    expect(heard).to_contain_text("The call waits in Sales.")
    expect(panel.get_by_role("row", name="Selected_language en sees it")).to_be_visible()
    expect(panel.locator(".ivr-variables")).to_contain_text("12345")
    expect(panel.locator("svg .ivr-step.is-passed title")).to_have_text(["Language", "Number", "Sales"])
    assert shortcomings(page, ".ivr-panel") == []
