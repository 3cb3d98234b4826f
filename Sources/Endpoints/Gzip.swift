import CZlib

/// The bytes as a gzip member; nil where zlib has no memory, so that the answer goes out as it is.
///
/// Level 4: on metrics within 5 % of the default's size in half its time.
func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = unsafe z_stream()
    // 15 bits of window, plus 16 for the gzip frame.
    let begun = unsafe deflateInit2_(
        &stream,
        4,
        Z_DEFLATED,
        15 + 16,
        8,
        Z_DEFAULT_STRATEGY,
        ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)
    )
    guard begun == Z_OK else { return nil }
    defer { unsafe deflateEnd(&stream) }
    var input = bytes
    let capacity = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
    var isFinished = false
    let output = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe stream.next_in = source.baseAddress
            unsafe stream.avail_in = UInt32(source.count)
            unsafe stream.next_out = buffer.baseAddress
            unsafe stream.avail_out = UInt32(buffer.count)
            isFinished = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
        }
        count = unsafe capacity - Int(stream.avail_out)
    }
    return isFinished ? output : nil
}
