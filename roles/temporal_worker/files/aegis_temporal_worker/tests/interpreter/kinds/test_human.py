# SPDX-License-Identifier: Apache-2.0
"""Kind Human: contract 4.4, 5.4, 6.6, 6.10 (input_equals); contract 1.2, D2.2, D4.2, D4.3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aegis_temporal_worker.interpreter.run import Run

from ..outside import MemoryOutside, definition, go, interpret, start, state, system

ASK = "HumanInputRequested"


def human(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return state("Human", *transitions, **{"prompt": "Go on?", **fields})


def gate(**fields: Any) -> dict[str, Any]:
    """A definition with a gate that takes yes and no."""
    states = {
        "ASK": human(go("YES", "input_equals_yes"), go("NO", "input_equals_no"), **fields),
        "YES": system(),
        "NO": system(),
    }
    return definition(states)


def answering(outside: MemoryOutside, *answers: tuple[object, ...]) -> Run:
    """A run whose person gives these answers, one whenever the run waits."""
    run = start(outside)
    waiting = iter(answers)

    def answer() -> None:
        if (given := next(waiting, None)) is not None:
            run.answers.put(given)

    outside.on_wait = answer
    return run


def asked(outside: MemoryOutside) -> list[dict[str, Any]]:
    return [event for event in outside.events if event["event_type"] == ASK]


async def test_the_question_is_told_with_all_that_a_person_needs() -> None:
    """Contract 6.6, 7.3; contract 1.2, D4.2: rendered prompt, state, default, words, deadline."""
    outside = MemoryOutside(
        definition(
            {
                "ASK": human(
                    go("A", "input_equals_yes"),
                    go("A", "input_equals_no"),
                    go("A", "input_equals", value="later"),
                    go("A", "input_equals", value="yes"),
                    prompt="Release {{input.version}} <now>?",
                    default_response="no",
                    timeout="90s",
                ),
                "A": system(),
            }
        )
    )
    run = start(outside, input={"version": "1 & 2"})
    outside.on_wait = lambda: run.answers.put(["later"])
    assert (await run.execute())["final_state"] == "A"
    (event,) = asked(outside)
    assert event["prompt"] == "Release 1 & 2 <now>?"
    assert (event["state_name"], event["default_response"]) == ("ASK", "no")
    assert event["responses"] == ["yes", "no", "later"]
    assert event["expires_at"] == outside.now(90)


async def test_responses_of_a_free_gate_are_an_empty_array_and_no_default_is_left_out() -> None:
    """Contract 1.2, D2.2, D4.1: the orchestrator refuses null for ``responses``."""
    outside = MemoryOutside(definition({"ASK": human(go("ASK", "on_failure"), default_response="")}))
    await answering(outside, ("whatever",)).execute()
    (event,) = asked(outside)
    assert event["responses"] == []
    assert "default_response" not in event


async def test_the_question_is_delivered_before_the_wait_and_the_exit_closes_it() -> None:
    """Contract 7.4; contract 1.2, D4.1, D4.3: entered, asked, exited with the answer, nothing between."""
    outside = MemoryOutside(gate())
    run = start(outside)

    def answer() -> None:
        assert outside.told()[-1] == f"{ASK} ASK"
        run.answers.put(["yes"])

    outside.on_wait = answer
    await run.execute()
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered ASK",
        f"{ASK} ASK",
        "WorkflowStateExited ASK",
        "WorkflowStateEntered YES",
        "WorkflowStateExited YES",
        "WorkflowExecutionCompleted YES",
    ]
    assert outside.events[3]["output"] == {"response": "yes", "timeout": False}


@pytest.mark.parametrize(
    ("signal", "output", "feedback"),
    [
        (("ok",), {"response": "ok", "timeout": False}, ""),
        (("ok", None, None), {"response": "ok", "timeout": False}, ""),
        (("ok", "nice"), {"response": "ok", "feedback": "nice", "timeout": False}, "nice"),
        (
            ("ok", "nice", "sub-1"),
            {"response": "ok", "feedback": "nice", "timeout": False, "answered_by": "sub-1"},
            "nice",
        ),
        (("ok", None, "sub-1"), {"response": "ok", "timeout": False, "answered_by": "sub-1"}, ""),
        ((True,), {"response": "true", "timeout": False}, ""),
        (({"a": 1},), {"response": '{"a":1}', "timeout": False}, ""),
        ((), {"response": "", "timeout": False}, ""),
    ],
)
async def test_one_to_three_arguments(signal: tuple[object, ...], output: dict[str, Any], feedback: str) -> None:
    """Contract 4.4; 9.1 no. 21; contract 1.2, D2.2: response, feedback, answered_by; null is absent."""
    outside = MemoryOutside(
        definition({"ASK": human(go("B")), "B": system(env={"F": "{{human.feedback}}", "R": "{{ASK.response}}"})})
    )
    result = await answering(outside, signal).execute()
    assert result["blackboard"]["ASK"] == output
    assert outside.commands[0].env == {"F": feedback, "R": output["response"]}


async def test_human_feedback_is_the_latest_answers() -> None:
    """Contract 1.2, D3.3: empty before the first answer, overwritten by each, possibly to empty."""
    seen = {"F": "{{human.feedback}}"}
    outside = MemoryOutside(
        definition(
            {
                "A": system(go("ASK1"), env=seen),
                "ASK1": human(go("B")),
                "B": system(go("ASK2"), env=seen),
                "ASK2": human(go("C")),
                "C": system(env=seen),
            }
        )
    )
    await answering(outside, ("x", "first"), ("x", None)).execute()
    assert [command.env["F"] for command in outside.commands] == ["", "first", ""]


async def test_an_early_answer_satisfies_the_next_human_state() -> None:
    """Contract 6.1, 6.6, 9.2 no. 27: a signal that comes before the state is not lost."""
    outside = MemoryOutside(definition({"A": system(go("ASK")), "ASK": human(go("B")), "B": system()}))
    run = start(outside)
    run.answers.put(["early"])
    result = await run.execute()
    assert result["blackboard"]["ASK"] == {"response": "early", "timeout": False}
    assert outside.waits == []
    # It was announced all the same, and its events ride with the next call.
    assert [event["event_type"] for event in outside.events].count(ASK) == 1
    assert outside.calls == ["fetch", "command A", "command B", "publish"]


async def test_each_human_state_takes_one_answer() -> None:
    """Contract 6.6: one queued response satisfies one Human state."""
    outside = MemoryOutside(definition({"ASK1": human(go("ASK2")), "ASK2": human(go("END")), "END": system()}))
    run = start(outside)
    run.answers.put(["one"])
    run.answers.put(["two"])
    board = (await run.execute())["blackboard"]
    assert (board["ASK1"]["response"], board["ASK2"]["response"]) == ("one", "two")


@pytest.mark.parametrize(
    ("word", "final"),
    [
        *((word, "YES") for word in ("yes", "Y", "1", "approve", "APPROVED", "true", " yes ")),
        *((word, "NO") for word in ("no", "N", "0", "reject", "rejected", "False")),
    ],
)
async def test_synonyms_are_taken(word: str, final: str) -> None:
    """Contract 6.10, 9.2 no. 27: yes and no have synonyms."""
    outside = MemoryOutside(gate())
    result = await answering(outside, (word,)).execute()
    assert (result["final_state"], len(asked(outside))) == (final, 1)
    assert result["blackboard"]["ASK"]["response"] == word


async def test_a_refused_word_asks_again() -> None:
    """Contract 1.2, D2.2, D4.3: a new event, the refusal line, a blank line, the prompt; the first deadline stays."""
    outside = MemoryOutside(gate(timeout="100s"))
    run = start(outside)
    answers = iter([["maybe", "hm"], ["ok"], ["no", "because"]])

    def answer() -> None:
        outside.elapsed += 30
        run.answers.put(next(answers))

    outside.on_wait = answer
    result = await run.execute()
    assert result["final_state"] == "NO"
    first, second, third = asked(outside)
    assert first["prompt"] == "Go on?"
    assert second["prompt"] == '"maybe" is not an answer here. Answer with one of: "yes", "no".\n\nGo on?'
    assert third["prompt"] == '"ok" is not an answer here. Answer with one of: "yes", "no".\n\nGo on?'
    assert {event["expires_at"] for event in (first, second, third)} == {outside.now(100)}
    assert second["responses"] == ["yes", "no"]
    numbers = [event["temporal_sequence_number"] for event in outside.events]
    assert numbers == sorted(set(numbers))
    assert outside.waits == [100, 70, 40]
    # What was written beside a refused word is nobody's feedback.
    assert result["blackboard"]["ASK"] == {"response": "no", "feedback": "because", "timeout": False}


async def test_a_refused_early_answer_asks_again_at_once() -> None:
    """Contract 1.2, D2.2: queued words are judged by the gate too; both questions go out together."""
    outside = MemoryOutside(gate())
    run = start(outside)
    run.answers.put(["maybe"])
    outside.on_wait = lambda: run.answers.put(["yes"])
    await run.execute()
    assert len(asked(outside)) == 2
    assert outside.calls[:3] == ["fetch", "publish", "wait"]


async def test_a_long_or_broken_word_is_repeated_on_one_short_line() -> None:
    """Contract 1.2, D2.2: the refusal is one line."""
    outside = MemoryOutside(gate())
    await answering(outside, ("a\n" * 5000,), ("yes",)).execute()
    line, blank, prompt = asked(outside)[1]["prompt"].split("\n")
    assert len(line) < 300
    assert (blank, prompt) == ("", "Go on?")


async def test_input_equals_is_strict() -> None:
    """Contract 6.10: ``input_equals`` compares case and all."""
    outside = MemoryOutside(
        definition({"ASK": human(go("A", "input_equals", value="Ship"), go("A", "input_equals")), "A": system()})
    )
    result = await answering(outside, ("ship",), ("Ship",)).execute()
    assert (result["final_state"], len(asked(outside))) == ("A", 2)
    assert asked(outside)[0]["responses"] == ["Ship"]


@pytest.mark.parametrize("other", ["always", "on_success", "custom"])
async def test_any_other_condition_takes_every_word(other: str) -> None:
    """Contract 1.2, D2.2: only a gate of nothing but ``input_equals*`` refuses."""
    transitions = (go("A", "input_equals_yes"), go("A", other, expression="input.x"))
    outside = MemoryOutside(definition({"ASK": human(*transitions), "A": system()}))
    result = await answering(outside, ("maybe",)).execute()
    assert result["blackboard"]["ASK"]["response"] == "maybe"
    (event,) = asked(outside)
    assert event["responses"] == []


async def test_a_gate_whose_words_are_missing_takes_every_word() -> None:
    """Contract 1.2, D2.2: a gate that no word could pass would only time out."""
    outside = MemoryOutside(definition({"ASK": human(go("A", "input_equals"))}))
    result = await answering(outside, ("x",)).execute()
    assert (result["status"], len(asked(outside))) == ("completed", 1)


async def test_time_out_takes_the_default() -> None:
    """Contract 6.6; contract 1.2, D4.3: ``timeout`` is true; nobody gave feedback."""
    outside = MemoryOutside(gate(default_response="no", timeout="5s"))
    result = await interpret(outside)
    assert result["blackboard"]["ASK"] == {"response": "no", "timeout": True}
    assert (result["final_state"], outside.waits, outside.warnings) == ("NO", [5], [])


async def test_a_default_that_no_transition_takes_is_taken_and_logged() -> None:
    """Contract 6.6: the default is never refused, there is nobody to ask again."""
    outside = MemoryOutside(gate(default_response="later"))
    result = await interpret(outside)
    assert result["blackboard"]["ASK"] == {"response": "later", "timeout": True}
    assert outside.warnings[0] == 'No transition takes the default response "later"'


@pytest.mark.parametrize("default", [None, ""])
async def test_time_out_without_a_default_fails_with_the_bare_text(default: str | None) -> None:
    """Contract 6.6; contract 1.2, D2.2: the orchestrator compares the whole text."""
    outside = MemoryOutside(gate(default_response=default))
    result = await interpret(outside)
    assert (result["status"], result["error"]) == ("failed", "Human input timeout")
    assert outside.events[-1]["error"] == "Human input timeout"
    assert outside.told()[-2:] == [f"{ASK} ASK", "WorkflowExecutionFailed ASK"]


async def test_without_a_timeout_it_waits_an_hour() -> None:
    """Contract 6.6: 3600 s unless configured."""
    outside = MemoryOutside(gate(default_response="no"))
    await interpret(outside)
    assert outside.waits == [3600]


async def test_people_see_what_the_run_waits_for() -> None:
    """Contract 9.3 no. 48: ``waiting_for`` while it waits, nothing afterwards."""
    outside = MemoryOutside(gate(timeout="5s"))
    await answering(outside, ("yes",)).execute()
    assert outside.waiting_for == [f"an answer (yes, no) until {outside.now(5)}: Go on?", None]


async def test_an_answer_that_comes_while_the_question_is_delivered_needs_no_wait() -> None:
    """Contract 4.4: signals are queued whatever the run does."""

    class Answers(MemoryOutside):
        put: Callable[[], None]

        async def publish(self, since: Any) -> None:
            await super().publish(since)
            self.put()

    outside = Answers(gate())
    run = start(outside)
    outside.put = lambda: run.answers.put(["yes"])
    assert (await run.execute())["final_state"] == "YES"
    assert outside.waits == []


async def test_a_deadline_that_passed_during_delivery_is_over() -> None:
    """Contract 6.6: the announced deadline counts, also when the orchestrator was away meanwhile."""
    outside = MemoryOutside(gate(default_response="no", timeout="5s"))
    outside.elapsed = 60
    result = await interpret(outside)
    assert (result["blackboard"]["ASK"]["timeout"], outside.waits) == (True, [0])
