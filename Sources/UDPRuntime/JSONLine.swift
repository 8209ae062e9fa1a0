/// One JSON object on one line, built field by field.
struct JSONLine {
    private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// Adds a number, exactly.
    mutating func add(_ key: StaticString, _ value: some BinaryInteger) {
        begin(key)
        bytes += String(value).utf8
    }

    /// Adds a text.
    mutating func add(_ key: StaticString, _ value: String) {
        begin(key)
        appendQuoted(value)
    }

    /// Adds a list of numbers.
    mutating func add(_ key: StaticString, _ values: [UInt32]) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += String(value).utf8
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Ends the object and the line.
    mutating func finish() {
        bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }

    private mutating func begin(_ key: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        appendQuoted(key.description)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Appends a string as JSON has it (RFC 8259, section 7).
    private mutating func appendQuoted(_ text: String) {
        let hexadecimal = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
