package sandbox

// ByteRange reads a Range header.
func ByteRange(header string, size int) (first, last int, ok bool) { return byteRange(header, size) }
