package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Timestamp formats of https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait.
const (
	formatISO   = "iso8601"
	formatEpoch = "unixTimestamp"
	formatRFC   = "rfc822"
)

// scalarFromJSON converts a JSON string, number or boolean.
func scalarFromJSON(s *Shape, v any, path string) (any, error) {
	switch x := v.(type) {
	case bool:
		if s.Type == "boolean" {
			return x, nil
		}
	case json.Number:
		switch s.Type {
		case "integer", "long", "float", "double":
			return scalarFromText(s, x.String(), path, "")
		case "timestamp":
			f, err := x.Float64()
			if err != nil || math.Abs(f) > 1e12 {
				return nil, &typeError{path, "seconds since 1970", v}
			}
			return epoch(f), nil
		}
	case string:
		switch s.Type {
		case "string", "character", "blob", "timestamp":
			return scalarFromText(s, x, path, formatISO)
		}
	}
	return nil, &typeError{path, s.Type, v}
}

// scalarFromText converts what forms, XML, headers and paths carry.
func scalarFromText(s *Shape, v, path, timeFormat string) (any, error) {
	switch s.Type {
	case "boolean":
		switch strings.ToLower(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	case "integer", "long":
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
		// JSON clients may write 1.0 or 1e3.
		if f, err := strconv.ParseFloat(v, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
	case "float", "double":
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, nil
		}
	case "blob":
		if b, err := base64.StdEncoding.DecodeString(v); err == nil {
			return b, nil
		}
	case "timestamp":
		if t, err := parseTime(v, timeFormat); err == nil {
			return t, nil
		}
	default:
		return v, nil
	}
	return nil, &typeError{path, s.Type, v}
}

func epoch(seconds float64) time.Time {
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
}

func parseTime(v, format string) (time.Time, error) {
	if format == formatRFC {
		if t, err := http.ParseTime(v); err == nil {
			return t.UTC(), nil
		}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "20060102T150405Z", "2006-01-02"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC(), nil
		}
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil && math.Abs(f) < 1e12 {
		return epoch(f), nil
	}
	return time.Time{}, fmt.Errorf("%q is no timestamp", v)
}

// textOf writes a scalar as forms, XML, headers and paths carry it.
func textOf(s *Shape, v any, timeFormat string) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case int:
		return strconv.Itoa(x), nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64), nil
	case []byte:
		return base64.StdEncoding.EncodeToString(x), nil
	case time.Time:
		if s.TimestampFormat != "" {
			timeFormat = s.TimestampFormat
		}
		return formatTime(x, timeFormat), nil
	}
	return "", fmt.Errorf("a %T can't be written as %s", v, s.Type)
}

func formatTime(t time.Time, format string) string {
	switch format {
	case formatRFC:
		return t.UTC().Format(http.TimeFormat)
	case formatEpoch:
		return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
	}
	if t.Nanosecond() == 0 {
		return t.UTC().Format("2006-01-02T15:04:05Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
