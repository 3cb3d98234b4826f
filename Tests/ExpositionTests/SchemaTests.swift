import Exposition
import Support
import Testing

@Suite struct SchemaTests {
    /// What is really sent fits the schema, and what is not sent does not.
    @Test(arguments: Sample.all) func theStateDocumentFitsItsSchema(_ sample: Sample) async throws {
        let document = stateDocument(of: sample.published, at: Sample.now)
        try await validate(document, as: "State")
        try await validate(conditionsDocument(of: sample.published, at: Sample.now), as: "Conditions")
        try await validate(historyDocument(of: sample.published, limit: 256, at: Sample.now), as: "History")
        try await validate(doctorDocument(of: sample.published, at: Sample.now), as: "Doctor")
        try await validate(
            problemDocument(status: 404, title: "Not found", detail: "There is no such path."),
            as: "Problem"
        )
    }

    @Test(arguments: ["state", "conditions", "probes", "revision", "sensors"])
    func aDocumentWithoutAKeyDoesNotFit(_ key: String) async throws {
        guard case .object(let members) = stateDocument(of: Sample.live.published, at: Sample.now) else { return }
        let broken = JSON.object(members.filter { $0.key != key })
        await #expect(throws: Command.Failed.self) { try await validate(broken, as: "State") }
    }

    /// Keys that the schema does not name are keys that nobody was promised.
    @Test(arguments: Sample.all) func everyKeyIsInTheSchema(_ sample: Sample) {
        guard case .object(let members) = stateDocument(of: sample.published, at: Sample.now) else { return }
        #expect(members.map { JSON.string($0.key) } == keys(of: stateSchema["required"]))
    }

    private func keys(of value: JSON?) -> [JSON] { if case .array(let keys)? = value { keys } else { [] } }

    private func validate(_ document: JSON, as name: String) async throws {
        let schemas = JSON.object(componentSchemas.map { JSON.Member($0.name, $0.schema) })
        let input: JSON = [
            "document": document,
            "schema": ["$ref": .string("#/components/schemas/\(name)"), "components": ["schemas": schemas]],
        ]
        let script = """
            import json, sys, jsonschema
            given = json.load(sys.stdin)
            jsonschema.Draft202012Validator.check_schema(given["schema"])
            jsonschema.Draft202012Validator(
                given["schema"], format_checker=jsonschema.FormatChecker()).validate(given["document"])
            """
        try await Command.succeed(["python3", "-c", script], input: input.text())
    }
}
