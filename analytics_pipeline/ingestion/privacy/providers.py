"""The rules of keys and tokens that their provider marks, so that they are known by their form."""

import base64
import binascii
import re

from analytics_pipeline.ingestion.privacy.rules import Rule, token

PRIVATE_KEY = Rule(
    "private_key",
    re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
        r"(?:.*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|.*)",
        re.DOTALL,
    ),
    r"PRIVATE KEY",
    ("private key",),
)

TOKENS = (
    token("anthropic_key", r"sk-ant-", r"[A-Za-z0-9_-]{16,}", "sk-ant-"),
    token("openrouter_key", r"sk-or-", r"[A-Za-z0-9_-]{16,}", "sk-or-"),
    token("openai_key", r"sk-", r"[A-Za-z_-]{0,40}[0-9][A-Za-z0-9_-]{15,}", "sk-"),
    token("aws_access_key", r"A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA|ANPA", r"[A-Z0-9]{16}",
          "a3t", "akia", "asia", "abia", "acca", "aroa", "aida", "agpa", "anpa"),
    token("bedrock_key", r"ABSK", r"[A-Za-z0-9+/]{80,}={0,2}", "absk", hint="ABSK"),
    token("google_api_key", r"AIza", r"[A-Za-z0-9_-]{35}", "aiza"),
    token("google_oauth_token", r"ya29\.", r"[A-Za-z0-9_-]{20,}", "ya29."),
    token("google_client_secret", r"GOCSPX-", r"[A-Za-z0-9_-]{24,}", "gocspx-"),
    token("azure_client_secret", r"[A-Za-z0-9_~.]{3}[0-9]Q~", r"[A-Za-z0-9_~.-]{31,34}", "q~",
          hint="Q~"),
    token("github_token", r"gh[pousr]_|github_pat_", r"[A-Za-z0-9_]{22,}", "gh", "github_pat_"),
    token("gitlab_token", r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-",
          r"[A-Za-z0-9_.-]{20,}", "gl"),
    token("slack_token", r"xox[a-z]-|xapp-", r"[A-Za-z0-9-]{10,}", "xox", "xapp-"),
    token("slack_webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)",
          r"/[A-Za-z0-9_/+-]{20,}", "hooks.slack.com", hint=r"hooks\.slack\.com"),
    token("stripe_key", r"(?:sk|rk|pk)_(?:live|test)_|whsec_", r"[A-Za-z0-9+/]{10,}={0,2}",
          "_live_", "_test_", "whsec_", hint=r"[srp]k_(?:live|test)_|whsec_"),
    token("hugging_face_token", r"hf_|api_org_", r"[A-Za-z0-9]{30,}", "hf_", "api_org_"),
    token("twilio_key", r"SK|AC", r"[0-9a-f]{32}", "sk", "ac"),
    token("sendgrid_key", r"SG\.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", "sg."),
    token("npm_token", r"npm_", r"[A-Za-z0-9]{36}", "npm_"),
    token("pypi_token", r"pypi-", r"[A-Za-z0-9_-]{16,}", "pypi-"),
    token("rubygems_key", r"rubygems_", r"[0-9a-f]{48}", "rubygems_"),
    token("jwt", r"ey[IJ][A-Za-z0-9_-]{8,}\.", r"[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}",
          "eyi", "eyj"),
    token("discord_token", r"[MNO][A-Za-z0-9_-]{23,26}\.",
          r"[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}", ".",
          hint=r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}"),
    token("discord_webhook", r"discord(?:app)?\.com/api/webhooks",
          r"/[0-9]{15,}/[A-Za-z0-9_-]{40,}", "webhooks", hint=r"discord(?:app)?\.com"),
    token("telegram_token", r"[0-9]{8,10}:AA", r"[A-Za-z0-9_-]{33}", ":aa",
          hint=r":AA[A-Za-z0-9_-]{33}"),
    token("mailchimp_key", r"[0-9a-f]{32}", r"-us[0-9]{1,2}", "-us", hint=r"-us[0-9]"),
    token("square_token", r"sq0[a-z]{3}-", r"[A-Za-z0-9_-]{22,}", "sq0"),
    token("shopify_token", r"shp(?:at|ca|pa|ss)_", r"[0-9A-Fa-f]{32}", "shp"),
    token("digitalocean_token", r"do[opr]_v1_", r"[0-9a-f]{64}", "_v1_"),
    token("databricks_token", r"dapi", r"[0-9a-f]{32}(?:-[0-9])?", "dapi"),
    token("docker_token", r"dckr_(?:pat|oat)_", r"[A-Za-z0-9_-]{27,}", "dckr_"),
    token("vault_token", r"hv[sbr]\.", r"[A-Za-z0-9_-]{24,}", "hvs.", "hvb.", "hvr."),
    token("terraform_token", r"[A-Za-z0-9]{14}\.atlasv1\.", r"[A-Za-z0-9_=-]{60,}", ".atlasv1.",
          hint=r"\.atlasv1\."),
    token("grafana_token", r"glsa_|glc_", r"[A-Za-z0-9_+/=]{32,}", "glsa_", "glc_",
          hint="glsa_|glc_"),
    token("new_relic_key", r"NRAK-|NRII-", r"[A-Za-z0-9_-]{27,}", "nrak-", "nrii-"),
    token("sentry_token", r"sntry[su]_", r"[A-Za-z0-9_+/=]{32,}", "sntry", hint="sntry[su]_"),
    token("postman_key", r"PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}", "pmak-"),
    token("linear_key", r"lin_api_", r"[A-Za-z0-9]{32,}", "lin_api_"),
    token("notion_token", r"ntn_|secret_", r"[A-Za-z0-9]{40,}", "ntn_", "secret_"),
    token("atlassian_token", r"ATATT3|ATCTT3|ATBB", r"[A-Za-z0-9_=-]{24,}", "atatt", "atctt",
          "atbb"),
    token("airtable_token", r"pat[A-Za-z0-9]{14}\.", r"[0-9a-f]{64}", "pat"),
    token("groq_key", r"gsk_", r"[A-Za-z0-9]{40,}", "gsk_"),
    token("replicate_token", r"r8_", r"[A-Za-z0-9]{37}", "r8_"),
    token("perplexity_key", r"pplx-", r"[A-Za-z0-9]{32,}", "pplx-"),
    token("xai_key", r"xai-", r"[A-Za-z0-9]{60,}", "xai-"),
    token("nvidia_key", r"nvapi-", r"[A-Za-z0-9_-]{40,}", "nvapi-"),
    token("supabase_key", r"sbp_|sb_secret_", r"[A-Za-z0-9_]{20,}", "sbp_", "sb_secret_"),
    token("pulumi_token", r"pul-", r"[0-9a-f]{40}", "pul-"),
    token("doppler_token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.", r"[A-Za-z0-9._-]{40,}", "dp."),
    token("alibaba_key", r"LTAI", r"[A-Za-z0-9]{16,26}", "ltai"),
    token("age_key", r"AGE-SECRET-KEY-1", r"[0-9A-Z]{58}", "age-secret-key-"),
    token("azure_storage_key", r"", r"[A-Za-z0-9+/]{86}==", "==", hint="=="),
)  # fmt: skip


def _is_basic_credential(match: re.Match[str]) -> bool:
    if match["scheme"].lower() != "basic":
        return bool(re.search(r"[0-9]", match["secret"])) or len(match["secret"]) >= 20
    try:
        decoded = base64.b64decode(match["secret"] + "===", altchars=b"-_")
    except (binascii.Error, ValueError):
        return False
    return b":" in decoded


AUTHORIZATION = Rule(
    "authorization",
    re.compile(
        r"(?<![A-Za-z0-9])(?P<scheme>Bearer|Basic|Negotiate|ApiKey)(?:[ \t]|%20|\+)+"
        r"(?P<secret>[A-Za-z0-9._~+/=:-]{6,})",
        re.IGNORECASE | re.ASCII,
    ),
    r"(?i:Bearer|Basic|Negotiate|ApiKey)(?:\\t|[\s%+])",
    ("bearer", "basic", "negotiate", "apikey"),
    _is_basic_credential,
)

URL_CREDENTIALS = Rule(
    "url_credentials",
    re.compile(
        r"(?<=://)(?P<secret>[^\s/@:\"'<>]{0,256}:[^\s/@\"'<>]{0,256}|[^\s/@:\"'<>]{16,256})"
        r"@(?=[^\s@\"'<>])"
    ),
    r'@[^\s"]',
    ("@",),
)

PROVIDER_RULES = (PRIVATE_KEY, *TOKENS, URL_CREDENTIALS, AUTHORIZATION)
