package pattern

import (
	"bytes"
	"strings"
)

// hunt looks for the last key of a field in text that was not read, by the key's rarest byte.
type hunt struct {
	key  string // with the quote after it; what comes before it may be a quote, or a dot in a longer key
	rare int    // position in key
	vain bool   // all events have the field, and soon enough
}

// commonBytes are the bytes of CloudTrail events, the most common first.
const commonBytes = `"earts:n-o2i,c1d30u7ml.A8pI9v4fbw5/S6CgTy}{EDhNRPHMVZQFzxqkUKjWB)(OGL][+J_;XY%=*'!$`

func newHunt(field string) hunt {
	h := hunt{key: field[strings.LastIndexByte(field, '.')+1:] + `"`, vain: rankOf(field) == rankEventName || field == sourceField}
	rarest := -1
	for i := range len(h.key) {
		at := strings.IndexByte(commonBytes, h.key[i])
		if at < 0 {
			at = len(commonBytes)
		}
		if at > rarest {
			h.rare, rarest = i, at
		}
	}
	return h
}

// misses reports that the key is nowhere in text, unless with escapes.
func (h *hunt) misses(text []byte) bool {
	key, at := h.key, h.rare
	for pos := at; pos < len(text); pos++ {
		next := bytes.IndexByte(text[pos:], key[at])
		if next < 0 {
			return true
		}
		pos += next
		if end := pos - at + len(key); end <= len(text) && string(text[pos-at:end]) == key {
			return false
		}
	}
	return true
}
