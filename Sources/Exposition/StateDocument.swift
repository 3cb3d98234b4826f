import Diagnosis
public import Facts

/// The state document: what `/state` answers, one event of `/events` carries and `howdah state --json` prints.
///
/// Its schema is ``stateSchema``; keys may be added within a version, never renamed or dropped.
public func stateDocument(of published: Published, at now: Moment) -> JSON {
    let verdict = published.verdict
    return [
        "version": 1,
        "revision": .whole(verdict.revision),
        "generated_at": .string(now.rfc3339),
        "state": .string(verdict.state.rawValue),
        "summary": .string(verdict.summary),
        "phase": .string(verdict.phase.rawValue),
        "role": .string(verdict.role.rawValue),
        "since": .string(verdict.stateSince.rfc3339),
        "phase_since": .string(verdict.phaseSince.rfc3339),
        "role_since": .string(verdict.roleSince.rfc3339),
        "candidates": .array(verdict.candidates.map { .string($0.rawValue) }),
        "probes": probesDocument(verdict.probes),
        "conditions": .array(verdict.conditions.map { conditionDocument($0, at: now) }),
        "suppressed": suppressedDocument(verdict.suppressed),
        "phase_evidence": .array(verdict.phaseEvidence.map { evidenceDocument($0, at: now) }),
        "recovery": verdict.recovery.map(recoveryDocument) ?? .null,
        "server": serverDocument(verdict.server),
        "sensors": sensorsDocument(published.snapshot.sensors, at: now),
    ]
}

/// The document of `/conditions`: the active conditions and the ones that they explain.
public func conditionsDocument(of published: Published, at now: Moment) -> JSON {
    let verdict = published.verdict
    return [
        "version": 1,
        "revision": .whole(verdict.revision),
        "generated_at": .string(now.rfc3339),
        "state": .string(verdict.state.rawValue),
        "conditions": .array(verdict.conditions.map { conditionDocument($0, at: now) }),
        "suppressed": suppressedDocument(verdict.suppressed),
    ]
}

/// The document of `/history`: the latest `limit` changes, newest first.
public func historyDocument(of published: Published, limit: Int, at now: Moment) -> JSON {
    let shown = published.history.suffix(max(0, limit)).reversed()
    return [
        "version": 1,
        "revision": .whole(published.verdict.revision),
        "generated_at": .string(now.rfc3339),
        "watching_since": .string(published.snapshot.watchingSince.rfc3339),
        "transitions": .array(
            shown.map { change in
                [
                    "at": .string(change.at.rfc3339),
                    "what": .string(change.what.rawValue),
                    "name": .string(change.name),
                    "from": .string(change.from),
                    "to": .string(change.to),
                    "lasted_seconds": .seconds(change.lastedSeconds),
                    "message": .string(change.message),
                ]
            }
        ),
    ]
}

/// The document of `/doctor`: what Howdah can and cannot see.
public func doctorDocument(of published: Published, at now: Moment) -> JSON {
    let lines = published.observer.doctor
    return [
        "version": 1,
        "generated_at": .string(now.rfc3339),
        "seen": .whole(lines.count { $0.isSeen }),
        "dark": .whole(lines.count { !$0.isSeen }),
        "subjects": .array(
            lines.map { line in
                [
                    "subject": .string(line.subject),
                    "seen": .bool(line.isSeen),
                    "finding": .string(line.finding),
                    "remedy": line.remedy.isEmpty ? .null : .string(line.remedy),
                ]
            }
        ),
    ]
}

/// An `application/problem+json` document (RFC 9457): what is wrong and what to do, without a trace or a secret.
public func problemDocument(status: Int, title: String, detail: String) -> JSON {
    ["type": "about:blank", "title": .string(title), "status": .whole(status), "detail": .string(detail)]
}

private func probesDocument(_ probes: Probes) -> JSON {
    .object(
        ProbeID.allCases.map { probe in
            let result = probes[probe]
            return JSON.Member(probe.rawValue, ["pass": .bool(result.pass), "reason": .string(result.reason)])
        }
    )
}

private func conditionDocument(_ condition: ActiveCondition, at now: Moment) -> JSON {
    [
        "condition": .string(condition.name),
        "family": .string(condition.family.rawValue),
        "severity": .string(condition.severity.rawValue),
        "since": .string(condition.since.rfc3339),
        "message": .string(condition.message),
        "evidence": .array(condition.evidence.map { evidenceDocument($0, at: now) }),
        "advice": .string(condition.advice),
    ]
}

private func evidenceDocument(_ evidence: Evidence, at now: Moment) -> JSON {
    [
        "source": .string(evidence.source.rawValue),
        "fact": .string(evidence.fact),
        "value": JSON(evidence.value),
        "observed_at": .string(evidence.observedAt.rfc3339),
        "age_seconds": .seconds(max(0, now.seconds(since: evidence.observedAt))),
    ]
}

private func suppressedDocument(_ suppressed: [SuppressedCondition]) -> JSON {
    .array(suppressed.map { ["condition": .string($0.name), "cause": .string($0.cause)] })
}

private func recoveryDocument(_ recovery: RecoveryProgress) -> JSON {
    [
        "position": .string(recovery.position.description),
        "source": .string(recovery.source),
        "start": .text(recovery.start?.description),
        "end": .text(recovery.end?.description),
        "share": .rounded(recovery.share),
        "bytes_per_second": .rounded(recovery.bytesPerSecond),
        "seconds_left": .seconds(recovery.secondsLeft),
        "advanced_at": .string(recovery.advancedAt.rfc3339),
    ]
}

private func serverDocument(_ server: ServerSummary) -> JSON {
    [
        "version": .text(server.version),
        // A text: it has more digits than a JSON number keeps in most readers.
        "system_identifier": .text(server.systemIdentifier.map { String($0) }),
        "timeline": .whole(server.timeline),
        "started_at": .text(server.startedAt.map { Moment.rfc3339(unixSeconds: $0) }),
        "address": server.address.isEmpty ? .null : .string(server.address),
    ]
}

private func sensorsDocument(_ sensors: [SensorStatus], at now: Moment) -> JSON {
    .object(
        sensors.map { sensor in
            JSON.Member(
                sensor.id.rawValue,
                [
                    "status": .string(sensor.telling(at: now).rawValue),
                    "age_seconds": .seconds(sensor.ageSeconds(at: now)),
                    "duration_seconds": .rounded(sensor.durationSeconds),
                    "last_error": .text(sensor.lastFailure?.message),
                    "reason": .text(sensor.reason(at: now)),
                ]
            )
        }
    )
}

extension Moment {
    /// Seconds since the epoch as RFC 3339; negative ones count as 0, and the far future is cut.
    static func rfc3339(unixSeconds: Double) -> String {
        let bounded = unixSeconds.isFinite ? min(max(unixSeconds, 0), 9e9) : 0
        return rfc3339(wall: Int64(bounded * 1e9))
    }
}

extension JSON {
    /// A fact's value.
    init(_ value: FactValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .integer(number)
        case .real(let number): self = .number(number)
        case .text(let text): self = .string(text)
        }
    }
}
