"""Chooses targets: by name, glob, tags (``openbmc and not gpu``) or URL."""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping

from ipmi_lab.errors import LocalError, did_you_mean
from ipmi_lab.inventory.target import Target
from ipmi_lab.ports.address import is_url

TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")
GRAMMAR = ("and", "or", "not", "(", ")")
GLOB = re.compile(r"[*?\[]")
LONGEST = 1000
Fits = Callable[[Target], bool]


def select(expressions: Iterable[str], targets: dict[str, Target]) -> list[Target]:
    """The targets that any of the expressions fits, in the order of the inventory; URLs stand for themselves.

    LocalError where an expression cannot be read or fits nothing.
    """
    chosen: dict[str, Target] = {}
    for text in expressions:
        if is_url(text):
            target = Target.from_url(text)
            chosen[target.name] = target
            continue
        fits = matcher(text)
        found = [target for target in targets.values() if fits(target)]
        if not found:
            raise LocalError(f"no target fits {text!r}", hint=_offer(text, targets))
        chosen |= {target.name: target for target in found}
    order = {name: index for index, name in enumerate(targets)}
    return sorted(chosen.values(), key=lambda target: order.get(target.name, len(order)))


def check_names(text: str, targets: Mapping[str, Target]) -> None:
    """LocalError where an expression cannot be read, or names what is neither target nor tag of the inventory. What a
    glob finds is not known before, and without an inventory there are no names."""
    matcher(text)
    known = {*targets, *(tag for target in targets.values() for tag in target.tags)}
    for word in TOKEN.findall(text):
        if targets and word not in known and word not in GRAMMAR and not GLOB.search(word) and not is_url(word):
            raise LocalError(f"the inventory has no target or tag {word!r}", hint=_offer(word, targets))


def _offer(text: str, targets: Mapping[str, Target]) -> str:
    if not targets:
        return "The inventory has no targets; give one (-i), or write a URL such as lanplus://admin@10.0.0.7."
    return did_you_mean(text, [*targets, *sorted({tag for target in targets.values() for tag in target.tags})])


def matcher(text: str) -> Fits:
    """What an expression of names, globs, tags, ``and``, ``or``, ``not`` and parentheses means."""
    if len(text) > LONGEST:
        raise LocalError(f"an expression of {len(text)} characters is too long")
    words = TOKEN.findall(text)
    fits = _any(words)
    if words:
        raise LocalError(f"{text!r} cannot be read: {words[0]!r} stands where and, or or the end should")
    return fits


def _any(words: list[str]) -> Fits:
    choices = [_all(words)]
    while words and words[0] == "or":
        words.pop(0)
        choices.append(_all(words))
    return lambda target: any(fits(target) for fits in choices)


def _all(words: list[str]) -> Fits:
    parts = [_one(words)]
    while words and words[0] == "and":
        words.pop(0)
        parts.append(_one(words))
    return lambda target: all(fits(target) for fits in parts)


def _one(words: list[str]) -> Fits:
    if not words or words[0] in ("and", "or", ")"):
        raise LocalError("the expression ends where a name or tag should stand", hint="Write openbmc and not gpu.")
    word = words.pop(0)
    if word == "not":
        inner = _one(words)
        return lambda target: not inner(target)
    if word == "(":
        inside = _any(words)
        if not words or words.pop(0) != ")":
            raise LocalError("a parenthesis is not closed")
        return inside
    return lambda target: fnmatch.fnmatchcase(target.name, word) or word in target.tags
