package sandbox

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

// paginate is the page of items after a token, and the token of the next page
// ("" at the end). Tokens are positions, bound to the operation.
func paginate[T any](c *call, items []T, token string, size int) (page []T, next string, err error) {
	start := 0
	if token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", fmt.Errorf("token: %w", err)
		}
		n, ok := strings.CutPrefix(string(text), c.op.name+":")
		if start, err = strconv.Atoi(n); !ok || err != nil || start < 0 || start > len(items) {
			return nil, "", fmt.Errorf("token %q is not of %s", token, c.op.name)
		}
	}
	end := min(start+size, len(items))
	if end < len(items) {
		next = base64.RawURLEncoding.EncodeToString([]byte(c.op.name + ":" + strconv.Itoa(end)))
	}
	return items[start:end], next, nil
}

// markerPage is the output of an operation whose pages begin after a Marker, with the page in the member.
func markerPage[T any](c *call, member string, all []T, each func(T) any) (wire.Object, error) {
	page, next, err := paginate(c, all, c.in.str("Marker"), c.in.number("MaxRecords", 100))
	if err != nil {
		return nil, wire.Errorf("InvalidParameterValue", "Invalid marker: %v", err)
	}
	out := wire.Object{member: list(page, each)}
	put(out, "Marker", next)
	return out, nil
}
