package sigv4

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrChunk means that an aws-chunked body breaks its own framing.
var ErrChunk = errors.New("the aws-chunked body is malformed")

// Chunked says whether the body comes in aws-chunked framing.
func (s *Signature) Chunked() bool { return strings.HasPrefix(s.PayloadHash, streamingPrefix) }

// DecodeChunked takes the aws-chunked framing off a body and verifies each
// chunk's signature where the payload is signed so. Trailing headers
// (checksums) are read over. It fails with ErrChunk or ErrMismatch.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func (s *Signature) DecodeChunked(body []byte, secret string) ([]byte, error) {
	signed := strings.HasPrefix(s.PayloadHash, streamingPrefix+algorithm)
	previous := s.Value
	var out []byte
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, fmt.Errorf("%w: a chunk has no header line", ErrChunk)
		}
		size, ext, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(size, 16, 31)
		if err != nil || int(n) > len(rest) {
			return nil, fmt.Errorf("%w: a chunk has the size %.20q", ErrChunk, size)
		}
		data := rest[:n]
		if signed {
			sig := strings.TrimPrefix(ext, "chunk-signature=")
			want := s.sign(secret, algorithm+"-PAYLOAD", previous, hexSum(nil), hexSum(data))
			if !hmac.Equal([]byte(want), []byte(sig)) {
				return nil, fmt.Errorf("%w: a chunk's signature differs", ErrMismatch)
			}
			previous = want
		}
		if n == 0 {
			return out, nil
		}
		out = append(out, data...)
		if body, ok = bytes.CutPrefix(rest[n:], []byte("\r\n")); !ok {
			return nil, fmt.Errorf("%w: a chunk doesn't end in CRLF", ErrChunk)
		}
	}
}
