"""Users with habits, and the sessions in which they work."""

from dataclasses import dataclass

import numpy as np

from analytics_pipeline.samples.generation.demand import SPIKE_SHARE, Chunk, Demand, draw_times
from analytics_pipeline.samples.generation.incidents import COST_SPIKE, of_kind
from analytics_pipeline.samples.generation.period import DAY, SECOND, Flags, Floats, Ints
from analytics_pipeline.samples.generation.vocabulary import CLIENTS, LANGUAGES, MODELS, TEAMS

QUERIES_PER_USER_AND_DAY = 60
FEWEST_USERS, MOST_USERS = 20, 3_000
MEAN_SESSION, LONGEST_SESSION = 6, 60
MEDIAN_GAP, GAP_SIGMA, LONGEST_GAP = 40.0, 1.0, 1_200.0
FAVOURITES = 12
HABITUAL = 0.75
COSTLIEST_MODEL = max(range(len(MODELS)), key=lambda model: MODELS[model].completion_price)


@dataclass(frozen=True)
class Users:
    """The users, each a position in these arrays; the values are positions in the vocabulary.

    ``presence`` has, for weekdays and weekends and each hour of the day, the cumulative
    probability that a session of that hour is the user's.
    """

    team: Ints
    language: Ints
    second_language: Ints
    model: Ints
    client: Ints
    first_favourite: Ints
    activity: Floats
    presence: Floats

    @property
    def count(self) -> int:
        """Number of users."""
        return len(self.team)

    @property
    def models_by_use(self) -> list[str]:
        """The models, the one first that the users prefer most by their activity."""
        preference = np.bincount(self.model, weights=self.activity, minlength=len(MODELS))
        return [MODELS[position].name for position in np.argsort(-preference, kind="stable")]

    @property
    def average_users(self) -> list[str]:
        """The names of ten users of about median activity."""
        middle = self.count // 2
        by_activity = np.argsort(self.activity, kind="stable")
        return [name_of(int(user)) for user in by_activity[middle - 5 : middle + 5]]


@dataclass(frozen=True)
class Turns:
    """The questions that users ask, in order of time; each with its user and session."""

    time: Ints
    session: Ints
    user: Ints
    language: Ints
    model: Ints
    client: Ints


def name_of(user: int) -> str:
    """The name of the user at a position."""
    return f"dev-{user + 1:04}"


def position_of(name: str) -> int:
    """The position of the user of a name."""
    return int(name.removeprefix("dev-")) - 1


def _zipf(size: int, exponent: float) -> Floats:
    weights = 1 / np.arange(1, size + 1) ** exponent
    probabilities: Floats = weights / weights.sum()
    return probabilities


def plan_users(queries_per_day: float, intents: int, rng: np.random.Generator) -> Users:
    """Draw users whose habits stay the same for the whole period.

    Each has a team, a usual and a second language, a preferred model and client, favourite
    questions, a usual working day (when it begins, how long it is), and a degree of activity;
    some work at weekends.
    """
    count = int(
        np.clip(queries_per_day / QUERIES_PER_USER_AND_DAY, FEWEST_USERS, MOST_USERS).round()
    )
    team = rng.choice(len(TEAMS), count, p=_zipf(len(TEAMS), 0.7))
    languages = _zipf(len(LANGUAGES), 0.8)
    usual_of_team = rng.choice(len(LANGUAGES), len(TEAMS), p=languages)
    language = np.where(
        rng.random(count) < 0.6,
        usual_of_team[team],
        rng.choice(len(LANGUAGES), count, p=languages),
    )
    begins = rng.normal(8.5, 1.5, count)
    length = rng.uniform(7, 10, count)
    activity = rng.lognormal(0, 0.8, count)
    weekends = np.where(rng.random(count) < 0.25, 1.0, 0.1)
    since_begin = (np.arange(24)[:, None] + 0.5 - begins) % 24
    present = np.where(since_begin < length, 1.0, 0.04) * activity
    presence = np.stack([present, present * weekends]).cumsum(axis=2)
    return Users(
        team=team,
        language=language,
        second_language=rng.choice(len(LANGUAGES), count, p=languages),
        model=rng.choice(len(MODELS), count, p=[model.share for model in MODELS]),
        client=rng.choice(len(CLIENTS), count, p=[0.5, 0.25, 0.15, 0.1]),
        first_favourite=rng.integers(0, intents, count),
        activity=activity,
        presence=presence / presence[:, :, -1:],
    )


def _users_of(
    users: Users, demand: Demand, times: Ints, rng: np.random.Generator
) -> tuple[Ints, Flags]:
    """The user of each session, and whether it belongs to a cost spike."""
    hours = demand.period.hour_of(times)
    pattern = demand.period.is_weekend(hours) * 24 + hours % 24
    draws = rng.random(len(times))
    user = np.zeros(len(times), dtype=np.int64)
    for number, presence in enumerate(users.presence.reshape(-1, users.count)):
        chosen = pattern == number
        user[chosen] = np.searchsorted(presence, draws[chosen], side="right")
    user = np.minimum(user, users.count - 1)
    of_spike = np.zeros(len(times), dtype=np.bool_)
    for incident in of_kind(demand.incidents, COST_SPIKE):
        besides = incident.during(hours) & (rng.random(len(times)) < SPIKE_SHARE)
        user[besides] = position_of(incident.affected)
        of_spike |= besides
    return user, of_spike


def draw_turns(
    users: Users,
    demand: Demand,
    chunk: Chunk,
    rng: np.random.Generator,
    *,
    size: int,
    first_session: int,
) -> Turns:
    """Draw sessions that follow the demand until they hold ``size`` questions.

    A session has one user and mostly the user's own language, model and client. It ends before
    midnight: one that would not is moved forward in the day. Those of a cost spike are with the
    costliest model. Sessions are numbered from ``first_session`` on.
    """
    lengths = np.minimum(rng.geometric(1 / MEAN_SESSION, size), LONGEST_SESSION)
    sessions = int(np.searchsorted(np.cumsum(lengths), size)) + 1 if size else 0
    lengths = lengths[:sessions]
    if sessions:
        lengths[-1] -= lengths.sum() - size
    start = draw_times(demand, chunk, sessions, rng)
    # Lengths were cut at the last session: shuffled, the short one is not always the latest.
    lengths = rng.permuted(lengths)
    user, of_spike = _users_of(users, demand, start, rng)

    session = np.repeat(np.arange(sessions), lengths)
    gaps = np.minimum(rng.lognormal(np.log(MEDIAN_GAP), GAP_SIGMA, size), LONGEST_GAP)
    first_turn = np.cumsum(lengths) - lengths
    gaps[first_turn] = 0
    elapsed = np.cumsum((gaps * 1000).astype(np.int64) * 1000)
    elapsed -= elapsed[first_turn][session]
    midnight = (start // DAY + 1) * DAY
    last_turn = first_turn + lengths - 1
    overrun = np.maximum(0, start + elapsed[last_turn] - (midnight - SECOND))
    time = (start - overrun)[session] + elapsed

    habitual = rng.random((3, sessions)) < HABITUAL
    language = np.where(habitual[0], users.language[user], users.second_language[user])
    model = np.where(habitual[1], users.model[user], rng.integers(0, len(MODELS), sessions))
    model[of_spike] = COSTLIEST_MODEL
    client = np.where(habitual[2], users.client[user], rng.integers(0, len(CLIENTS), sessions))
    order = np.argsort(time, kind="stable")
    session = session[order]
    return Turns(
        time=time[order],
        session=first_session + session,
        user=user[session],
        language=language[session],
        model=model[session],
        client=client[session],
    )
