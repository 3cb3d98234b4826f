extension Snapshot {
    /// Every table whose rows a sensor reads, in the order of the documentation.
    public static let tables: [TableSource<Snapshot>] = [
        TableSource(.sessions, \.sessions) { FactRows($0.groups, omitted: $0.sessionsInOtherGroups) }
    ]
}
