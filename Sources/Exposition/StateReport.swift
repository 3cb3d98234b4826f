import Diagnosis
public import Facts

/// The verdict for a person at a terminal: one screen, the reason first.
public func stateReport(of published: Published, at now: Moment, style: ReportStyle = ReportStyle()) -> String {
    var report = StateReport(published: published, now: now, page: ReportPage(style: style))
    report.writeHeadline()
    report.writeServer()
    report.writeProbes()
    report.writeConditions()
    report.writeRecovery()
    report.writeHolders()
    report.writeSensors()
    return report.page.text
}

/// The active conditions for a person; what `/conditions?format=text` answers.
public func conditionsReport(of published: Published, at now: Moment, style: ReportStyle = ReportStyle()) -> String {
    var report = StateReport(published: published, now: now, page: ReportPage(style: style))
    report.conditionLimit = .max
    report.writeConditions()
    if published.verdict.conditions.isEmpty { report.page.paragraph("No condition is active.") }
    return report.page.text
}

/// Writes the parts of the report, each with a blank line before it where one is due.
private struct StateReport {
    let published: Published
    let now: Moment
    var page: ReportPage
    /// More conditions than this would push the rest off the screen.
    var conditionLimit = 6
    static let evidenceLimit = 4
    static let holderLimit = 5
    static let barWidth = 24

    private var verdict: Verdict { published.verdict }

    private var inkOfState: Ink {
        switch verdict.state {
        case .live: .good
        case .liveBut: verdict.conditions.contains { $0.severity == .critical } ? .bad : .warning
        case .dead: .bad
        case .unknown: .doubtful
        }
    }

    mutating func writeHeadline() {
        let lines = wrapped(printable(verdict.summary), width: page.style.width - 2)
        for (index, line) in lines.enumerated() {
            page.line([ReportPage.Piece(index == 0 ? "● " : "  ", inkOfState), ReportPage.Piece(line, .strong)])
        }
        page.line([
            ReportPage.Piece("  for \(span(since: verdict.stateSince)), since \(day(verdict.stateSince))", .faint)
        ])
        page.blank()
    }

    mutating func writeServer() {
        let candidates = verdict.candidates.map(\.words).joined(separator: " or ")
        let wouldFit = candidates.isEmpty ? "" : "; \(candidates) would fit"
        page.entry("phase", "\(verdict.phase.words), for \(span(since: verdict.phaseSince))\(wouldFit)")
        page.entry("role", "\(verdict.role.rawValue), for \(span(since: verdict.roleSince))")
        let server = verdict.server
        var parts: [String] = []
        if let version = server.version { parts.append("PostgreSQL \(version)") }
        if let timeline = server.timeline { parts.append("timeline \(timeline)") }
        if let startedAt = server.startedAt {
            parts.append("up for \(formatDuration(seconds: max(0, now.unixSeconds - startedAt)))")
        }
        if !server.address.isEmpty { parts.append("at \(server.address)") }
        if !parts.isEmpty { page.entry("server", parts.joined(separator: ", ")) }
    }

    mutating func writeProbes() {
        page.flow(
            "probes",
            ProbeID.allCases.map { probe in
                let pass = verdict.probes[probe].pass
                return ReportPage.Piece("\(pass ? "✔" : "✘") \(words(probe))", pass ? .good : .bad)
            },
            gap: "   "
        )
        // Probes that fail for one reason stand on one line.
        var told: Set<String> = []
        for probe in ProbeID.allCases where !verdict.probes[probe].pass {
            let reason = verdict.probes[probe].reason
            guard told.insert(reason).inserted else { continue }
            let alike = ProbeID.allCases.filter { !verdict.probes[$0].pass && verdict.probes[$0].reason == reason }
            page.entry("", "\(alike.map(words).joined(separator: ", ")): \(reason)")
        }
    }

    mutating func writeConditions() {
        for condition in verdict.conditions.prefix(conditionLimit) { write(condition) }
        let more = verdict.conditions.count - conditionLimit
        if more > 0 {
            page.blank()
            page.paragraph("and \(more) more: howdah state --json", ink: .faint)
        }
        if !verdict.suppressed.isEmpty {
            page.blank()
            let consequences = verdict.suppressed.map { "\($0.name) (by \($0.cause))" }.joined(separator: ", ")
            page.entry("explained", consequences, ink: .faint)
        }
    }

    private mutating func write(_ condition: ActiveCondition) {
        page.blank()
        let ink: Ink =
            switch condition.severity {
            case .critical: .bad
            case .warning: .warning
            case .info: .plain
            }
        let severity = condition.severity.rawValue
        page.line([
            ReportPage.Piece(severity + String(repeating: " ", count: ReportPage.valueColumn - severity.count), ink),
            ReportPage.Piece(condition.name, .strong),
            ReportPage.Piece("  for \(span(since: condition.since))", .faint),
        ])
        page.entry("", condition.message)
        let evidence = condition.evidence.prefix(Self.evidenceLimit).map { piece in
            "\(piece.source.rawValue): \(piece.fact) \(piece.value) (\(span(since: piece.observedAt)) ago)"
        }
        if !evidence.isEmpty { page.entry("  says", evidence.joined(separator: " · "), ink: .faint) }
        if !condition.advice.isEmpty { page.entry("  do", condition.advice) }
    }

    mutating func writeRecovery() {
        guard let recovery = verdict.recovery else { return }
        page.blank()
        if let share = recovery.share {
            let filled = Int((share * Double(Self.barWidth)).rounded(.down))
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
            page.entry("recovery", "\(bar) \(Int((share * 100).rounded(.down))) %")
        }
        var parts = ["at \(recovery.position)"]
        if let end = recovery.end { parts[0] += " of \(end)" }
        if let rate = recovery.bytesPerSecond { parts.append("\(formatBytes(rate))/s") }
        if let left = recovery.secondsLeft { parts.append("\(formatDuration(seconds: left)) left") }
        parts.append("advanced \(span(since: recovery.advancedAt)) ago")
        parts.append("from \(recovery.source)")
        page.entry(recovery.share == nil ? "recovery" : "", parts.joined(separator: ", "))
    }

    mutating func writeHolders() {
        let isAboutSlots = verdict.conditions.contains {
            $0.family == .connections && $0.name.hasPrefix("connections_")
        }
        guard isAboutSlots, let seen = published.currentSessions(at: now), !seen.value.groups.isEmpty else { return }
        page.blank()
        let way = seen.value.throughWALSender ? ", through a WAL sender's slot" : ""
        page.entry(
            "held by",
            "\(seen.value.clientBackends) sessions, seen \(span(since: seen.at)) ago\(way)",
            ink: .faint
        )
        for group in seen.value.groups.prefix(Self.holderLimit) { page.entry("", describe(group)) }
        let others = seen.value.groups.dropFirst(Self.holderLimit).reduce(seen.value.sessionsInOtherGroups) {
            $0 + $1.count
        }
        if others > 0 { page.entry("", "\(others) × others", ink: .faint) }
    }

    private func describe(_ group: SessionGroup) -> String {
        let hidden = "(hidden)"
        var text =
            "\(group.count) × \(group.user.isEmpty ? hidden : group.user) on \(group.database.isEmpty ? hidden : group.database)"
        if !group.application.isEmpty { text += ", \(group.application)" }
        if !group.state.isEmpty { text += ", \(group.state)" }
        if !group.waitEvent.isEmpty { text += " (\(group.waitEventType): \(group.waitEvent))" }
        return text + (group.clientAddress.isEmpty ? "" : ", from \(group.clientAddress)")
    }

    mutating func writeSensors() {
        page.blank()
        let sensors = published.snapshot.sensors
        let fresh = sensors.filter { $0.telling(at: now) == .fresh }
        if !fresh.isEmpty {
            page.flow(
                "sees",
                fresh.map { sensor in
                    ReportPage.Piece(
                        "\(sensor.id.rawValue) \(formatDuration(seconds: sensor.ageSeconds(at: now) ?? 0))",
                        .faint
                    )
                }
            )
        }
        for sensor in sensors {
            let reason = sensor.reason(at: now).map { ": \($0)" } ?? ""
            switch sensor.telling(at: now) {
            case .fresh, .never: continue
            case .failing, .stale: page.entry("dark", sensor.id.rawValue + reason, ink: .warning)
            case .absent: page.entry("absent", sensor.id.rawValue + reason, ink: .faint)
            }
        }
        let waiting = sensors.filter { $0.telling(at: now) == .never }.map(\.id.rawValue)
        if !waiting.isEmpty { page.entry("not yet", waiting.joined(separator: ", "), ink: .faint) }
    }

    private func words(_ probe: ProbeID) -> String { String(probe.rawValue.map { $0 == "_" ? "-" : $0 }) }

    private func span(since moment: Moment) -> String { formatDuration(seconds: max(0, now.seconds(since: moment))) }

    /// The wall clock to the second, such as `2026-11-21 08:14:31 UTC`.
    private func day(_ moment: Moment) -> String {
        let text = moment.rfc3339
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
    }
}
