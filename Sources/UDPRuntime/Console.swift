/// What the programs print: whole lines, each in one write, so that those of several processes that
/// share a terminal or a pipe do not mix.
public enum Console {
    /// Writes text to standard output as it is.
    ///
    /// - Throws: ``ExitError`` of status 71 if it does not take it, as when it is a closed pipe.
    public static func print(_ text: String) throws(ExitError) {
        do throws(SystemError) {
            try System.write(1, Array(text.utf8))
        } catch {
            throw .system("Standard output took no more (\(error)).")
        }
    }

    /// Writes a line to standard error; a failure there can be told to nobody.
    public static func complain(_ line: String) {
        try? System.write(2, Array((line + "\n").utf8))
    }

    /// Writes text to a file, in place of what it held; `-` is standard output.
    ///
    /// - Throws: ``ExitError`` of status 71 if the system does not let it be written.
    public static func write(_ text: String, toFile path: String) throws(ExitError) {
        guard path != "-" else { return try print(text) }
        do throws(SystemError) {
            let descriptor = try System.openToReplace(path)
            defer { System.close(descriptor) }
            try System.write(descriptor, Array(text.utf8))
        } catch {
            throw .system("'\(path)' cannot be written (\(error)).")
        }
    }
}
