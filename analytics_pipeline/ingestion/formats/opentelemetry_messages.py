"""SQL of the question in the messages that a traced call of a model had captured."""


def last_question(messages: str) -> str:
    """SQL of the text of the last message of a user in a list of messages, null where it is none.

    A message has its text in ``content``, or in parts.
    """
    lists = (
        f"json_extract_string(m, '$.{path}')" for path in ("parts[*].content", "content[*].text")
    )
    parts = f"array_to_string(list_concat({', '.join(lists)}), chr(10))"
    plain = "CASE WHEN json_type(m, '$.content') = 'VARCHAR' THEN m ->> '$.content' END"
    text = f"CASE WHEN m ->> '$.role' = 'user' THEN coalesce({plain}, {parts}) END"
    texts = f"list_transform(json_extract({messages}, '$[*]'), lambda m: {text})"
    return (
        f"CASE WHEN starts_with({messages}, '[') AND json_valid({messages}) "
        f"THEN list_last(list_filter({texts}, lambda t: t <> '')) END"
    )


def last_numbered(attributes: str, prefix: str, infix: str = "") -> str:
    """SQL of the text of the last message of a user, where messages are numbered attributes."""
    role = prefix.replace(".", "\\.") + "(\\d+)" + f"{infix}.role".replace(".", "\\.")
    numbers = f'regexp_extract_all({attributes}, \'"{role}":"user"\', 1)'
    return (
        f"CASE WHEN contains({attributes}, '\"{prefix}') THEN json_extract_string({attributes}, "
        f"'$.\"{prefix}' || list_max(TRY_CAST({numbers} AS BIGINT[])) || '{infix}.content\"') END"
    )
