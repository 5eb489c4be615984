#!/usr/bin/env python3
"""Brings the lists of crawlers, AI agents, search engines, social networks and spammers up to date.

    refresh.py [--clone-from https://github.com/{owner}/{name}]

Writes the lists that are compiled in (core/src/enrich/lists/), the agents that tests are made of (beside
this file), and the licence of each. Needs npm and git, and PyYAML.
"""

import argparse
import datetime
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
LISTS = HERE.parents[1] / "core" / "src" / "enrich" / "lists"

# The words of the list of crawlers, and ours.
CLASSES = {
    "ai-crawler": "ai",
    "browser-automation": "automation",
    "search-engine": "search",
    "social-preview": "preview",
    "feed-reader": "feed",
    "monitoring": "monitor",
    "advertising": "ads",
    "archiver": "archive",
    "http-library": "library",
    "scanner": "scanner",
    "academic": "academic",
    "seo": "seo",
}
# Names in ai.robots.txt under which persons come as well (editors and their browsers), which are nobody's
# agent (words for robots.txt alone), or which other rules know better.
NOT_AI = """Code Cursor Operator Spider Trae LCC YaK OpenAI Devin opencode UseAI newsai facebookexternalhit Scrapy
    Google-Extended Applebot-Extended Webzio-Extended webzio-extended Lightpanda img2dataset NotebookLM
    quillbot.com panscient.com iaskspider/2.0 MistralAI-User/1.0""".split()
# What the operators themselves say: https://platform.openai.com/docs/bots,
# https://support.anthropic.com/en/articles/8896518, https://docs.perplexity.ai/guides/bots,
# https://developers.google.com/search/docs/crawling-indexing/google-user-triggered-fetchers,
# https://support.apple.com/en-us/119829, https://developer.amazon.com/amazonbot,
# https://developers.facebook.com/docs/sharing/webmasters/web-crawlers, https://docs.mistral.ai/robots,
# https://duckduckgo.com/duckduckgo-help-pages/results/duckassistbot, https://commoncrawl.org/ccbot.
DOCUMENTED = {
    "GPTBot": ("OpenAI", "training"),
    "OAI-SearchBot": ("OpenAI", "search"),
    "ChatGPT-User": ("OpenAI", "person"),
    "ChatGPT Agent": ("OpenAI", "person"),
    "ClaudeBot": ("Anthropic", "training"),
    "anthropic-ai": ("Anthropic", "training"),
    "Claude-Web": ("Anthropic", "other"),
    "Claude-SearchBot": ("Anthropic", "search"),
    "Claude-User": ("Anthropic", "person"),
    "Claude-Code": ("Anthropic", "person"),
    "PerplexityBot": ("Perplexity", "search"),
    "Perplexity-User": ("Perplexity", "person"),
    "Google-CloudVertexBot": ("Google", "other"),
    "CloudVertexBot": ("Google", "other"),
    "Google-NotebookLM": ("Google", "person"),
    "GoogleAgent-Mariner": ("Google", "person"),
    "GoogleAgent-URLContext": ("Google", "person"),
    "Google-Agent": ("Google", "person"),
    "Google-Gemini-CLI": ("Google", "person"),
    "Gemini-Deep-Research": ("Google", "person"),
    "GoogleOther": ("Google", "other"),
    "Applebot": ("Apple", "search"),
    "Amazonbot": ("Amazon", "training"),
    "Amzn-SearchBot": ("Amazon", "search"),
    "Amzn-User": ("Amazon", "person"),
    "NovaAct": ("Amazon", "person"),
    "AzureAI-SearchBot": ("Microsoft", "search"),
    "meta-externalagent": ("Meta", "training"),
    "meta-externalfetcher": ("Meta", "person"),
    "meta-webindexer": ("Meta", "search"),
    "FacebookBot": ("Meta", "training"),
    "MistralAI-User": ("Mistral AI", "person"),
    "DuckAssistBot": ("DuckDuckGo", "person"),
    "CCBot": ("Common Crawl", "training"),
    "Bytespider": ("ByteDance", "training"),
    "PetalBot": ("Huawei", "search"),
    "YouBot": ("You.com", "search"),
    "Diffbot": ("Diffbot", "other"),
}


def operator(text):
    text = re.sub(r"^\[([^]]*)\]\(.*", r"\1", text)
    text = re.split(r" that | to | used | for | \(|, |\. ", text)[0].strip()
    return "" if text.startswith(("Unclear", "Unknown", "Anyone", "http", "the ")) else text


def purpose(text):
    text = text.lower()
    if re.search(r"assistant|agents?\b|user prompts|user-initiated|live chat", text) and "undocumented" not in text:
        return "person"
    if re.search(r"\bsearch\b", text):
        return "search"
    if re.search(r"train|data scraper|llm|scrapes data|dataset|language model", text):
        return "training"
    return "other"


def ai_agents(robots):
    rows = {}
    for name, entry in robots.items():
        if name not in NOT_AI:
            known = DOCUMENTED.get(name) or (operator(entry["operator"]), purpose(entry["function"]))
            rows.setdefault(name.lower(), (name, *known))
    for name, known in DOCUMENTED.items():
        rows[name.lower()] = (name, *known)
    return sorted(rows.values(), key=lambda row: row[0].lower())


def unescaped(pattern):
    """The text that the pattern stands for, if it stands for one text alone."""
    text = re.sub(r"\\([^A-Za-z0-9])", lambda m: f"\0{ord(m[1]):02x}", pattern)
    if re.search(r"[\\^$.*+?()\[\]{}|]", text):
        return None
    return re.sub("\0(..)", lambda m: chr(int(m[1], 16)), text)


def crawler_name(pattern):
    text = unescaped(pattern)
    if text is None:
        text = re.sub(r"\(\[\^-\]\|\$\)|\(\^\| \)|\[\\s\\S\]\*|\\d\\?\.?\\?d?\+?|[\^$]", " ", pattern)
        text = re.sub(r"\[(.)[^]]*\]", r"\1", text)
        text = re.sub(r"\(([^|)]*)\|[^)]*\)", r"\1", text).split("|")[0].replace("\\", "")
    return re.sub(r"[/(:;+ ]+$", "", text.strip()).strip() or pattern


def crawlers(entries):
    for entry in entries:
        tags = [CLASSES[tag] for tag in entry.get("tags", []) if tag in CLASSES]
        yield crawler_name(entry["pattern"]), tags[0] if tags else "other", entry["pattern"]


def sites(search, socials, assistants):
    """Kind, name, host; of search engines `{}` stands for a country."""
    for kind, table in (("ai", assistants), ("social", socials)):
        for name, hosts in table.items():
            for host in hosts:
                yield kind, name.replace("%2B", "+"), host.lower().removeprefix("www.")
    for name, configurations in search.items():
        for configuration in configurations:
            for host in configuration["urls"]:
                # What is no host alone is known by its host, or is none of a search.
                if "/" not in str(host):
                    yield "search", str(name), str(host).lower().removeprefix("www.")


def browsers(entries):
    """A thousand agents of browsers: of those seen most, every one once."""
    distinct = sorted({entry["userAgent"] for entry in entries})
    step = len(distinct) / 1_000
    return [distinct[int(n * step)] for n in range(1_000)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clone-from", default="https://github.com/{owner}/{name}", help="where repositories are")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        versions = {}

        def npm(name):
            made = subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, capture_output=True)
            archive = Path(folder) / made.stdout.decode().split()[-1]
            with tarfile.open(archive) as tar:
                tar.extractall(Path(folder) / name, filter="data")
            package = Path(folder) / name / "package"
            versions[name] = json.loads((package / "package.json").read_text())["version"]
            return package

        def clone(owner, name):
            source = arguments.clone_from.format(owner=owner, name=name)
            to = Path(folder) / name
            subprocess.run(["git", "clone", "--quiet", "--depth", "1", source, to], check=True)
            head = ["git", "-C", to, "log", "-1", "--format=%h of %cs"]
            versions[f"{owner}/{name}"] = subprocess.run(head, check=True, capture_output=True).stdout.decode().strip()
            return to

        def write(place, name, rows):
            lines = ["\t".join(row) if isinstance(row, tuple) else row for row in rows]
            (place / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            print(f"{name}: {len(lines)} lines")

        def read(path, parse=json.loads):
            return parse(path.read_text(encoding="utf-8"))

        crawler = npm("crawler-user-agents")
        entries = read(crawler / "crawler-user-agents.json")
        write(LISTS, "crawlers.tsv", crawlers(entries))
        write(HERE, "crawlers.txt", (one for entry in entries for one in entry["instances"]))
        seen = npm("user-agents")
        write(HERE, "browsers.txt", browsers(read(seen / "dist" / "user-agents.json")))
        robots = clone("ai-robots-txt", "ai.robots.txt")
        write(LISTS, "ai.tsv", ai_agents(read(robots / "robots.json")))
        engines = clone("matomo-org", "searchengine-and-social-list")
        names = ("SearchEngines.yml", "Socials.yml", "AIAssistants.yml")
        rows = sites(*(read(engines / name, yaml.safe_load) for name in names))
        # The first of two of one host stands.
        write(LISTS, "sites.tsv", {row[2]: row for row in reversed(list(rows))}.values())
        spam = clone("matomo-org", "referrer-spam-list")
        write(LISTS, "spammers.txt", sorted({line.strip().lower() for line in read(spam / "spammers.txt", str.splitlines)} - {""}))

        for source, place, name in (
            (crawler / "LICENSE", LISTS, "LICENSE-crawler-user-agents"),
            (robots / "LICENSE", LISTS, "LICENSE-ai.robots.txt"),
            (engines / "LICENSE", LISTS, "LICENSE-searchengine-and-social-list"),
            (crawler / "LICENSE", HERE, "LICENSE-crawler-user-agents"),
            (seen / "LICENSE", HERE, "LICENSE-user-agents"),
        ):
            (place / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        stamp = [f"{name} {version}" for name, version in sorted(versions.items())]
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        write(LISTS, "VERSIONS", [f"refreshed {today}", *stamp])


if __name__ == "__main__":
    main()
