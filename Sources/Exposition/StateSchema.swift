import Diagnosis
import Facts

/// The JSON Schema (2020-12) of the state document; `components.schemas.State` of `/openapi.json`.
///
/// Written beside ``stateDocument(of:at:)`` and tested against what it really writes. Keys that are not named here may
/// be added within version 1, so readers must ignore what they do not know.
public let stateSchema: JSON = object(
    "The verdict and who says so.",
    [
        ("version", ["const": 1, "description": "The version of this layout."]),
        (
            "revision",
            whole("Grows by one with every change of anything but ages and numbers; begins at 1 when Howdah starts.")
        ),
        ("generated_at", timestamp("When this document was written; ages count from here.")),
        ("state", oneOf(State.self, "The headline.")),
        ("summary", text("One sentence: Live; Live, but …; Dead: …; Unknown: ….")),
        ("phase", oneOf(Phase.self, "Where the server is in its life.")),
        ("role", oneOf(Role.self, "The server's role.")),
        ("since", timestamp("When the headline became what it is.")),
        ("phase_since", timestamp("When the phase became what it is.")),
        ("role_since", timestamp("When the role became what it is.")),
        (
            "candidates",
            list(
                oneOf(Phase.self, "A phase that would fit."),
                "The phases that would fit where the sources do not tell."
            )
        ),
        ("probes", probesSchema),
        ("conditions", list(reference("Condition"), "The active conditions, most severe first.")),
        ("suppressed", list(reference("Suppressed"), "Conditions that hold and that an active one explains.")),
        ("phase_evidence", list(reference("Evidence"), "What decided the phase.")),
        ("recovery", ["oneOf": [reference("Recovery"), ["type": "null"]]]),
        ("server", reference("Server")),
        (
            "sensors",
            [
                "type": "object", "description": "How each source fares, by its name.",
                "propertyNames": ["enum": .array(SensorID.allCases.map { .string($0.rawValue) })],
                "additionalProperties": reference("Sensor"),
            ]
        ),
    ]
)

/// The other schemas that the documents refer to, by name.
public let componentSchemas: [(name: String, schema: JSON)] = [
    ("State", stateSchema),
    ("Probe", object("A probe's answer.", [("pass", flag("Whether it passes.")), ("reason", text("Why."))])),
    ("Condition", conditionSchema),
    ("Evidence", evidenceSchema),
    (
        "Suppressed",
        object(
            "A condition that holds and that another explains.",
            [("condition", text("Its name.")), ("cause", text("The active condition that explains it."))]
        )
    ),
    ("Recovery", recoverySchema),
    ("Server", serverSchema),
    ("Sensor", sensorSchema),
    ("Conditions", conditionsSchema),
    ("History", historySchema),
    ("Doctor", doctorSchema),
    ("Problem", problemSchema),
]

private let probesSchema = object("The database's probes.", ProbeID.allCases.map { ($0.rawValue, reference("Probe")) })

private let conditionSchema = object(
    "An active condition.",
    [
        ("condition", text("Its name in the catalogue.")),
        ("family", oneOf(Family.self, "Its family.")),
        ("severity", oneOf(Severity.self, "Its severity after policy.")),
        ("since", timestamp("When it began to hold.")),
        ("message", text("What is wrong, with numbers.")),
        ("evidence", list(reference("Evidence"), "Who says so.")),
        ("advice", text("What to do about it.")),
    ]
)

private let evidenceSchema = object(
    "Which source said what, and when.",
    [
        ("source", oneOf(SensorID.self, "The sensor that saw it.")),
        ("fact", text("What was looked at.")),
        ("value", ["type": ["string", "number", "boolean", "null"], "description": "What it said."]),
        ("observed_at", timestamp("When it was seen.")),
        ("age_seconds", number("Its age when the document was written.")),
    ]
)

private let recoverySchema = object(
    "How far a recovery that is under way has come.",
    [
        ("position", position("The last known position.")),
        ("source", text("Where the position comes from.")),
        ("start", orNull(position("Where it began."))),
        ("end", orNull(position("Where it will end."))),
        ("share", orNull(["type": "number", "minimum": 0, "maximum": 1, "description": "The share that is done."])),
        ("bytes_per_second", orNull(number("Its rate over the last minute."))),
        ("seconds_left", orNull(number("Time left at the present rate."))),
        ("advanced_at", timestamp("When the position last advanced.")),
    ]
)

private let serverSchema = object(
    "The server as far as it is known, also while it is down.",
    [
        ("version", orNull(text("Its version."))),
        (
            "system_identifier",
            orNull(["type": "string", "pattern": "^[0-9]+$", "description": "The cluster's identity."])
        ),
        ("timeline", orNull(whole("Its timeline."))),
        ("started_at", orNull(timestamp("When the postmaster started."))),
        ("address", orNull(text("The address that Howdah connects to, without secrets."))),
    ]
)

private let sensorSchema = object(
    "How a source fares.",
    [
        ("status", oneOf(SensorTelling.self, "What is said of it.")),
        ("age_seconds", orNull(number("Seconds since it last answered."))),
        ("duration_seconds", orNull(number("How long the latest look took."))),
        ("last_error", orNull(text("Its latest failure, kept after a success."))),
        ("reason", orNull(text("Why it says nothing now."))),
    ]
)

private let conditionsSchema = object(
    "The active conditions.",
    [
        ("version", ["const": 1]), ("revision", whole("The verdict's revision.")),
        ("generated_at", timestamp("When this document was written.")), ("state", oneOf(State.self, "The headline.")),
        ("conditions", list(reference("Condition"), "The active conditions, most severe first.")),
        ("suppressed", list(reference("Suppressed"), "Conditions that hold and that an active one explains.")),
    ]
)

private let historySchema = object(
    "Changes so far, newest first.",
    [
        ("version", ["const": 1]), ("revision", whole("The verdict's revision.")),
        ("generated_at", timestamp("When this document was written.")),
        ("watching_since", timestamp("When Howdah began to watch.")),
        (
            "transitions",
            list(
                object(
                    "One change.",
                    [
                        ("at", timestamp("When.")),
                        (
                            "what",
                            ["enum": ["state", "phase", "role", "condition", "probe"], "description": "What changed."]
                        ),
                        ("name", text("The condition or probe; empty for the others.")), ("from", text("What it was.")),
                        ("to", text("What it became.")),
                        ("lasted_seconds", number("How long it had been what it was.")),
                        ("message", text("The summary or message at that moment.")),
                    ]
                ),
                "The changes."
            )
        ),
    ]
)

private let doctorSchema = object(
    "What Howdah can and cannot see.",
    [
        ("version", ["const": 1]), ("generated_at", timestamp("When this document was written.")),
        ("seen", whole("Subjects that it sees.")), ("dark", whole("Subjects that it does not see.")),
        (
            "subjects",
            list(
                object(
                    "One subject.",
                    [
                        ("subject", text("What it would see.")), ("seen", flag("Whether it sees it.")),
                        ("finding", text("What it found, or why it is dark.")),
                        ("remedy", orNull(text("The GRANT, mount or flag that would change it."))),
                    ]
                ),
                "The subjects."
            )
        ),
    ]
)

private let problemSchema = object(
    "What is wrong with a request, and what to do (RFC 9457).",
    [
        ("type", ["type": "string"]), ("title", text("What is wrong.")), ("status", whole("The status code.")),
        ("detail", text("What to do.")),
    ]
)

// The vocabulary of the schemas above.

private func object(_ description: String, _ properties: [(String, JSON)]) -> JSON {
    [
        "type": "object",
        "description": .string(description),
        "required": .array(properties.map { .string($0.0) }),
        "properties": .object(properties.map { JSON.Member($0.0, $0.1) }),
    ]
}

private func reference(_ name: String) -> JSON { ["$ref": "#/components/schemas/\(name)"] }

private func list(_ items: JSON, _ description: String) -> JSON {
    ["type": "array", "description": .string(description), "items": items]
}

private func text(_ description: String) -> JSON { ["type": "string", "description": .string(description)] }

private func flag(_ description: String) -> JSON { ["type": "boolean", "description": .string(description)] }

private func number(_ description: String) -> JSON { ["type": "number", "description": .string(description)] }

private func whole(_ description: String) -> JSON {
    ["type": "integer", "minimum": 0, "description": .string(description)]
}

private func timestamp(_ description: String) -> JSON {
    ["type": "string", "format": "date-time", "description": .string(description)]
}

private func position(_ description: String) -> JSON {
    ["type": "string", "pattern": "^[0-9A-F]{1,8}/[0-9A-F]{1,8}$", "description": .string(description)]
}

private func oneOf<Value: CaseIterable & RawRepresentable<String>>(_: Value.Type, _ description: String) -> JSON {
    ["enum": .array(Value.allCases.map { .string($0.rawValue) }), "description": .string(description)]
}

private func orNull(_ schema: JSON) -> JSON {
    guard case .object(let members) = schema else { return schema }
    return .object(
        members.map { member in
            guard member.key == "type", case .string = member.value else { return member }
            return JSON.Member("type", [member.value, "null"])
        }
    )
}
