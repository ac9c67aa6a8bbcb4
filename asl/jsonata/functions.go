package jsonata

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Digest returns the hash of the text in hexadecimal, by the names of States.Hash and $hash.
func Digest(text, algorithm string) (string, error) {
	var sum []byte
	switch algorithm {
	case "MD5":
		s := md5.Sum([]byte(text))
		sum = s[:]
	case "SHA-1":
		s := sha1.Sum([]byte(text))
		sum = s[:]
	case "SHA-256":
		s := sha256.Sum256([]byte(text))
		sum = s[:]
	case "SHA-384":
		s := sha512.Sum384([]byte(text))
		sum = s[:]
	case "SHA-512":
		s := sha512.Sum512([]byte(text))
		sum = s[:]
	default:
		return "", fmt.Errorf("there is no algorithm %q; known are MD5, SHA-1, SHA-256, SHA-384 and SHA-512", algorithm)
	}
	return hex.EncodeToString(sum), nil
}

// host is what driver.js gets from Go.
func (v *vm) host() map[string]any {
	return map[string]any{
		"budget": maxUnits, "stack": maxNested, "sequence": maxItems, "maxRange": 1000,
		"tooLarge": "the evaluation makes more data than an evaluation may",
		"hash":     Digest,
		"random":   func() float64 { return unit(v.env.Random()) },
		"seeded": func(seed float64) float64 {
			return unit(rand.NewPCG(math.Float64bits(seed), 0).Uint64())
		},
		"uuid": func() string {
			id := uuid.UUID{}
			for i := range 2 {
				for j, n := 0, v.env.Random(); j < 8; j, n = j+1, n>>8 {
					id[8*i+j] = byte(n)
				}
			}
			id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, variant of RFC 9562
			return id.String()
		},
		"json": func(text string) (string, error) {
			safe, err := guarded([]byte(text))
			if err != nil {
				return "", fmt.Errorf("the argument of $parse is not JSON: %w", err)
			}
			return string(safe), nil
		},
	}
}

// unit turns random bits into a number from 0, inclusive, to 1, exclusive.
func unit(n uint64) float64 { return float64(n>>11) / (1 << 53) }

// btoa encodes text as JSONata says: each character is a byte.
func btoa(text string) (string, error) {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return "", fmt.Errorf("$base64encode takes characters up to U+00FF; %q is not one: encode the text as UTF-8 before, such as by $encodeUrlComponent", r)
		}
		b = append(b, byte(r))
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

func atob(text string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("the argument of $base64decode is not Base64: %w", err)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes), nil
}

// maxDepth bounds the nesting of data.
const maxDepth = 128

// checkDepth reports what is not one JSON value or nested too deep.
func checkDepth(text []byte) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := dec.ReadToken(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch depth := dec.StackDepth(); {
		case depth > maxDepth:
			return fmt.Errorf("JSON nested deeper than %d levels", maxDepth)
		case depth == 0 && dec.PeekKind() != 0:
			return errors.New("more than one JSON value")
		}
	}
}
