package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

// partOf adds an object's bytes to the answer: all, or the one range that the
// caller asks for (https://www.rfc-editor.org/rfc/rfc9110#name-range-requests).
// S3 gives no more than one range, and ignores what is not one.
func (c *call) partOf(o *object, out wire.Object) (wire.Object, error) {
	first, last, ok := byteRange(c.in.str("Range"), len(o.body))
	if !ok {
		out["Body"] = o.body
		return out, nil
	}
	if first > last {
		return nil, s3Error("InvalidRange", http.StatusRequestedRangeNotSatisfiable, "The requested range is not satisfiable", map[string]string{
			"RangeRequested": c.in.str("Range"), "ActualObjectSize": strconv.Itoa(len(o.body)),
		})
	}
	out["Body"], out["ContentLength"] = o.body[first:last+1], int64(last-first+1)
	out["ContentRange"] = fmt.Sprintf("bytes %d-%d/%d", first, last, len(o.body))
	answer, err := c.target.Encode(out, c.requestID)
	if err != nil {
		return nil, err
	}
	answer.Status = http.StatusPartialContent
	c.answer = answer
	return out, nil
}

// byteRange reads "bytes=first-last" of a text of size bytes. It is not ok when
// there is no such range to read; first is behind last when the text has none
// of the bytes.
func byteRange(header string, size int) (first, last int, ok bool) {
	spec, isBytes := strings.CutPrefix(header, "bytes=")
	from, to, isRange := strings.Cut(spec, "-")
	if !isBytes || !isRange {
		return 0, 0, false
	}
	if from == "" {
		n, err := strconv.ParseUint(to, 10, 31)
		return max(size-int(n), 0), size - 1, err == nil
	}
	start, err := strconv.ParseUint(from, 10, 31)
	if err != nil {
		return 0, 0, false
	}
	last = size - 1
	if to != "" {
		end, err := strconv.ParseUint(to, 10, 31)
		if err != nil || end < start {
			return 0, 0, false
		}
		last = min(last, int(end))
	}
	return int(start), last, true
}
