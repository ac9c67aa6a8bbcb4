package firehose

import (
	"errors"
	"io"
	"net/http"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"riposte.dev/fault"
)

// maxBody bounds a request as received and decompressed, in bytes. It is the most that Firehose buffers; in base64 that is
// 48 MiB of records, so a buffer size of 32 MiB or less always fits.
const maxBody = 64 << 20

// maxRequestID bounds an id that is a GUID.
const maxRequestID = 128

type request struct {
	RequestID string   `json:"requestId"`
	Timestamp int64    `json:"timestamp"` // milliseconds since 1970
	Records   []record `json:"records"`
}

type record struct {
	Data []byte `json:"data"` // base64
}

// requestID is the id that an answer has to repeat, also where the body can't be read.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Amz-Firehose-Request-Id")
	return id[:min(len(id), maxRequestID)]
}

// parse reads a request of unknown origin. Errors: fault.Invalid, fault.TooLarge, and fault.Unavailable where the body
// broke off.
func parse(w http.ResponseWriter, r *http.Request) (*request, error) {
	if version := r.Header.Get("X-Amz-Firehose-Protocol-Version"); version != "1.0" {
		return nil, fault.New(fault.Invalid, "the request's X-Amz-Firehose-Protocol-Version is %.20q, not 1.0", version).
			WithHint("this address is for an Amazon Data Firehose stream with an HTTP endpoint destination")
	}
	body, err := read(w, r)
	if err != nil {
		return nil, err
	}
	var req request
	if err := jsonv2.Unmarshal(body, &req); err != nil {
		return nil, fault.New(fault.Invalid, "not a request of Firehose: %w", err)
	}
	if req.RequestID == "" || req.RequestID != requestID(r) {
		return nil, fault.New(fault.Invalid, "the requestId of the body is not that of X-Amz-Firehose-Request-Id")
	}
	return &req, nil
}

func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var in io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, broken(err)
		}
		in = io.LimitReader(zip, maxBody+1)
	default:
		return nil, fault.New(fault.Invalid, "content encoding %.20q is not gzip", encoding).WithHint("configure GZIP or no content encoding")
	}
	body, err := io.ReadAll(in)
	if err != nil {
		return nil, broken(err)
	}
	if len(body) > maxBody {
		return nil, tooLarge()
	}
	return body, nil
}

func broken(err error) error {
	var over *http.MaxBytesError
	var corrupt flate.CorruptInputError
	switch {
	case errors.As(err, &over):
		return tooLarge()
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fault.New(fault.Invalid, "the request's body is not gzip: %w", err)
	}
	return fault.New(fault.Unavailable, "reading the request: %w", err)
}

func tooLarge() error {
	return fault.New(fault.TooLarge, "the request has more than %d bytes", maxBody).WithHint("set the stream's buffer size to 32 MiB or less")
}
