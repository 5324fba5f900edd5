"""The rules of matching hold whatever waits and whoever is ready."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.routing.matching import Agents, WaitingConversation, match

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AGENTS, QUEUES = range(1, 5), range(1, 4)

some_agents = st.frozensets(st.sampled_from(AGENTS))
conversations = st.builds(
    WaitingConversation,
    id=st.uuids(),
    queue=st.sampled_from(QUEUES),
    channel=st.just(1),
    preferred=st.none() | st.sampled_from(AGENTS),
    required=st.none() | some_agents,
    declined=st.dictionaries(st.sampled_from(AGENTS), st.sampled_from([NOW, NOW - timedelta(minutes=1)])),
)
teams = st.builds(
    Agents,
    available_since=st.fixed_dictionaries(
        {agent: st.integers(0, 99).map(lambda seconds: NOW - timedelta(seconds=seconds)) for agent in AGENTS}
    ),
    serving=st.fixed_dictionaries({queue: some_agents.map(sorted) for queue in QUEUES}),
    room=st.dictionaries(st.tuples(st.sampled_from(AGENTS), st.just(1)), st.integers(1, 3)),
)


def may_have(one: WaitingConversation, agents: Agents) -> set[int]:
    """As the rules say it, without regard to speed or room."""
    serving = set(agents.serving[one.queue])
    if one.preferred and one.preferred not in one.declined:
        return serving & {one.preferred}
    asked = serving if one.required is None else serving & one.required
    unasked = asked - set(one.declined)
    return unasked or {agent for agent in asked if one.declined[agent] < NOW - timedelta(seconds=30)}


@settings(max_examples=150, deadline=None)
@given(waiting=st.lists(conversations, max_size=8, unique_by=lambda one: one.id), agents=teams)
def test_each_goes_to_the_longest_available_of_those_who_may_have_it(
    waiting: list[WaitingConversation], agents: Agents
):
    offers = {offer.conversation_id: offer.agent_id for offer in match(waiting, agents, now=NOW)}

    given_to: Counter[int] = Counter()
    line = sorted(AGENTS, key=lambda agent: (agents.available_since[agent], agent))
    for one in waiting:
        may = may_have(one, agents)
        free = [agent for agent in line if agent in may and given_to[agent] < agents.room.get((agent, 1), 0)]
        assert offers.get(one.id) == (free[0] if free else None)
        if free:
            given_to[free[0]] += 1
            line.remove(free[0])
            line.append(free[0])


def test_one_who_serves_thousands_of_queues_is_found_for_each():
    agents = Agents(available_since={1: NOW}, serving={queue: [1] for queue in range(3000)}, room={(1, 1): 3000})
    waiting = [WaitingConversation(uuid.uuid4(), queue, 1) for queue in range(3000)]

    assert len(list(match(waiting, agents, now=NOW))) == 3000
