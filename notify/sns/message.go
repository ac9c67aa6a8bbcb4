package sns

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"
	"unicode/utf8"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

// maxMessage is what a message and its attributes may have together, in bytes.
const maxMessage = 256 << 10

// structure encodes the forms by protocol (MessageStructure "json"): the text for everybody, the short form for text
// messages. A text that does not fit in room bytes is cut, and says so.
func structure(b notify.Body, room int) (string, error) {
	text := strings.ToValidUTF8(b.Text, "\uFFFD")
	whole, err := encode(text, b.Short)
	if err != nil || len(whole) <= room {
		return whole, err
	}
	const note = "\n\n[The rest was cut: SNS takes no more than 256 KiB. `riposte executions` has it all.]\n"
	// escaping makes some characters longer than others, so look for the longest part that fits
	n := sort.Search(len(text), func(n int) bool {
		s, err := encode(text[:n]+note, b.Short)
		return err != nil || len(s) > room
	}) - 1
	if n < 0 {
		return "", fault.New(fault.TooLarge, "not even the short form fits in %d bytes", room)
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return encode(text[:n]+note, b.Short)
}

func encode(text, short string) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // it is no web page, and escapes count
	if err := enc.Encode(map[string]string{"default": text, "sms": short}); err != nil {
		return "", fault.New(fault.Internal, "encode the message: %w", err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
