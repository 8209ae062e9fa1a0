import UDPRuntime

/// Command lines: no words trap, and a refusal is one of wrong usage, in a sentence.
func fuzz(_ bytes: [UInt8]) {
    let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    let text = words.first ?? ""
    attempt {
        try ParsedArguments(
            words,
            options: [
                OptionSpecification("--hosts", value: "FILE"), OptionSpecification("--quiet"),
                OptionSpecification("--drop", value: "P"), OptionSpecification("--help"),
                OptionSpecification("-o", value: "FORMAT"),
            ], program: "fuzz")
    } check: { arguments in
        expect(arguments.words.count <= words.count, "more words than there were")
        _ = arguments.value("--hosts")
    }
    attempt {
        try OptionValue.count(text, of: "--n", in: 1...1_000)
    } check: {
        expect((1...1_000).contains($0), "a count outside its range")
        expect(Int(text) == $0, "another number than was typed")
    }
    attempt {
        try OptionValue.seed(text, of: "--seed")
    } check: {
        expect(UInt64(text) == $0, "another number than was typed")
    }
    attempt {
        try OptionValue.probability(text, of: "--drop")
    } check: {
        expect((0...1_000_000).contains($0), "a probability outside its range")
    }
    attempt {
        try OptionValue.delay(text, of: "--delay")
    } check: {
        expect($0.lowerBound >= .zero, "a delay before its cause")
        expect($0.upperBound <= OptionValue.delayLimit, "a delay over the limit")
    }
    attempt {
        try OptionValue.seconds(text, of: "--timeout")
    } check: {
        expect($0 > .zero && $0 <= OptionValue.timeLimit, "a time outside its range")
    }
    attempt {
        try CrashPoint(
            parsing: text, kinds: ["token", "accept"], aliases: [("learn", "accept")])
    } check: {
        expect((1...CrashPoint.countLimit).contains($0.count), "a count outside its range")
        expect(["token", "accept"].contains($0.kind), "a message that does not exist")
    }
}

private func attempt<Value>(
    _ read: () throws -> Value, check: (Value) -> Void
) {
    do {
        check(try read())
    } catch {
        guard let error = error as? ExitError else { fatalError("another error: \(error)") }
        expect(error.status == ExitStatus.usage, "a refusal with status \(error.status)")
        expect(!error.sentence.isEmpty, "a refusal without a sentence")
    }
}
