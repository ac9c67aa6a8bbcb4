package asl

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"
)

// function is an intrinsic function: apply gets least to most arguments.
type function struct {
	least, most int
	apply       func(args []any, random func() uint64) (any, error)
}

// maxArguments bounds a call of States.Format and States.Array.
const maxArguments = 1000

func (f function) arity() string {
	switch {
	case f.least == f.most && f.least == 1:
		return "1 argument"
	case f.least == f.most:
		return fmt.Sprintf("%d arguments", f.least)
	case f.most == maxArguments:
		return fmt.Sprintf("at least %d arguments", f.least)
	default:
		return fmt.Sprintf("%d or %d arguments", f.least, f.most)
	}
}

// functions is every intrinsic function of the language.
func functions() map[string]function {
	return map[string]function{
		"States.Array":          {0, maxArguments, func(a []any, _ func() uint64) (any, error) { return append([]any{}, a...), nil }},
		"States.ArrayContains":  {2, 2, arrayContains},
		"States.ArrayGetItem":   {2, 2, arrayGetItem},
		"States.ArrayLength":    {1, 1, arrayLength},
		"States.ArrayPartition": {2, 2, arrayPartition},
		"States.ArrayRange":     {3, 3, arrayRange},
		"States.ArrayUnique":    {1, 1, arrayUnique},
		"States.Base64Decode":   {1, 1, base64Decode},
		"States.Base64Encode":   {1, 1, base64Encode},
		"States.Format":         {1, maxArguments, format},
		"States.Hash":           {2, 2, hash},
		"States.JsonMerge":      {3, 3, jsonMerge},
		"States.JsonToString":   {1, 1, func(a []any, _ func() uint64) (any, error) { return string(encode(a[0])), nil }},
		"States.MathAdd":        {2, 2, mathAdd},
		"States.MathRandom":     {2, 3, mathRandom},
		"States.StringSplit":    {2, 2, stringSplit},
		"States.StringToJson":   {1, 1, stringToJSON},
		"States.UUID":           {0, 0, newUUID},
	}
}

func textArg(a []any, i int) (string, error) {
	s, ok := a[i].(string)
	if !ok {
		return "", fmt.Errorf("argument %d must be text, not %s", i+1, kindOf(a[i]))
	}
	return s, nil
}

func listArg(a []any, i int) ([]any, error) {
	list, ok := a[i].([]any)
	if !ok {
		return nil, fmt.Errorf("argument %d must be an array, not %s", i+1, kindOf(a[i]))
	}
	return list, nil
}

// integerArg rounds half up, as the recorded behaviour of AWS does.
func integerArg(a []any, i int) (int64, error) {
	f, ok := number(a[i])
	if !ok || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("argument %d must be an integer, not %s", i+1, kindOf(a[i]))
	}
	return int64(math.Floor(f + 0.5)), nil
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "text"
	case []any:
		return "an array"
	case *object:
		return "an object"
	default:
		return fmt.Sprintf("the number %v", v)
	}
}

func mathAdd(a []any, _ func() uint64) (any, error) {
	x, errX := integerArg(a, 0)
	y, errY := integerArg(a, 1)
	return numberOf(x + y), errors.Join(errX, errY)
}

// mathRandom gives an integer from the first argument, inclusive, to the second, exclusive. The third is a seed: the same
// seed gives the same number, though not the one that AWS gives.
func mathRandom(a []any, random func() uint64) (any, error) {
	start, errStart := integerArg(a, 0)
	end, errEnd := integerArg(a, 1)
	if err := errors.Join(errStart, errEnd); err != nil {
		return nil, err
	}
	if start >= end {
		return nil, fmt.Errorf("the start %d is not below the end %d", start, end)
	}
	var n uint64
	if len(a) == 3 {
		seed, err := integerArg(a, 2)
		if err != nil {
			return nil, err
		}
		// splitmix64: one step is enough to spread neighbouring seeds.
		n = uint64(seed) + 0x9e3779b97f4a7c15
		n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
		n = (n ^ n>>27) * 0x94d049bb133111eb
		n ^= n >> 31
	} else {
		n = random()
	}
	return numberOf(start + int64(n%uint64(end-start))), nil
}

func newUUID(_ []any, random func() uint64) (any, error) {
	var id uuid.UUID
	for i := range 2 {
		n := random()
		for j := range 8 {
			id[i*8+j] = byte(n >> (8 * j))
		}
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, RFC 9562 variant
	return id.String(), nil
}

// maxCoded is the limit of AWS on what is encoded, decoded or hashed, in characters.
const maxCoded = 10_000

func codedArg(a []any) (string, error) {
	s, err := textArg(a, 0)
	if len(s) > maxCoded {
		return "", fmt.Errorf("the text has %d characters, over the limit of %d", len(s), maxCoded)
	}
	return s, err
}

func base64Encode(a []any, _ func() uint64) (any, error) {
	s, err := codedArg(a)
	return base64.StdEncoding.EncodeToString([]byte(s)), err
}

func base64Decode(a []any, _ func() uint64) (any, error) {
	s, err := codedArg(a)
	if err != nil {
		return nil, err
	}
	decoded, err := base64.StdEncoding.DecodeString(s)
	return strings.ToValidUTF8(string(decoded), "\uFFFD"), err
}

func stringToJSON(a []any, _ func() uint64) (any, error) {
	s, err := textArg(a, 0)
	if err != nil || strings.TrimSpace(s) == "" {
		return nil, err
	}
	return parseValue([]byte(s))
}

// stringSplit cuts at every character of the second argument and leaves out what is empty.
func stringSplit(a []any, _ func() uint64) (any, error) {
	s, errText := textArg(a, 0)
	separators, errSeparators := textArg(a, 1)
	parts := []any{}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		parts = append(parts, part)
	}
	return parts, errors.Join(errText, errSeparators)
}

func jsonMerge(a []any, _ func() uint64) (any, error) {
	x, okX := a[0].(*object)
	y, okY := a[1].(*object)
	if !okX || !okY {
		return nil, errors.New("the first two arguments must be objects")
	}
	if a[2] != false {
		return nil, errors.New("deep merging is not supported: the third argument must be false")
	}
	merged := x.clone()
	for _, name := range y.names {
		merged.set(name, y.values[name])
	}
	return merged, nil
}
