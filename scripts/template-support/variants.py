"""The sets of parameters that the template is tried with, and another value for each parameter."""

REQUIRED = {"JwtIssuer": "https://login.example.com", "JwtAudience": "wecom"}

DOMAIN = {
    "CustomDomainName": "wecom.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/8a2e0f2c-5a45-4d33-9f0e-0d6c1e7f2a10",
}

VARIANTS = {
    "defaults": REQUIRED,
    "staging": REQUIRED
    | {
        "LogLevel": "DEBUG",
        "LogRetentionDays": "14",
        "EventRetentionDays": "7",
        "EventArchiveDays": "7",
        "EventCallbackReservedConcurrency": "0",
        "SuiteCallbackReservedConcurrency": "0",
    },
    "production": REQUIRED | DOMAIN | {"FixedEgress": "true", "AlarmEmail": "operations@example.com"},
    "page-signs-in": REQUIRED
    | {
        "ConsoleClientId": "page",
        "ConsoleTokenOrigin": "https://token.example.com",
        "ConsoleBearer": "id_token",
        "CorsOrigins": "https://a.example.com,https://b.example.com",
    },
    "behind-the-edge": REQUIRED | DOMAIN | {"OriginTruststoreUri": "s3://bucket/ca.pem", "BaseUrl": "https://proxy.example.com"},
    "no-event-bus": REQUIRED | {"EventDelivery": "none", "Architecture": "x86_64", "SealingKeyRotationDays": "0"},
    "no-archive": REQUIRED | {"EventArchiveDays": "0", "EventsOnDisconnect": "delete", "BaseUrl": "https://proxy.example.com"},
}

# For parameters whose other values do not follow from their declaration.
ALTERNATIVES = DOMAIN | {
    "JwtIssuer": "https://other.example.com",
    "JwtAudience": "other",
    "TenantClaim": "tid",
    "OperatorClaim": "cognito:groups=operators",
    "ConsoleClientId": "page",
    "ConsoleTokenOrigin": "https://token.example.com",
    "CorsOrigins": "https://a.example.com",
    "BaseUrl": "https://proxy.example.com",
    "OriginTruststoreUri": "s3://bucket/ca.pem",
    "ConsoleUrl": "https://console.example.com",
    "WecomApiUrl": "https://wecom.example.com",
    "WecomInstallUrl": "https://install.example.com",
    "AlarmEmail": "operations@example.com",
}


def value_of(template, name):
    """A value of a parameter that is not its default."""
    parameter = template["Parameters"][name]
    if "AllowedValues" in parameter:
        return next(str(value) for value in parameter["AllowedValues"] if str(value) != str(parameter.get("Default")))
    if parameter["Type"] == "Number":
        return str(int(parameter["Default"]) + 1)
    raise ValueError(f"variants.py lacks another value of {name}")
