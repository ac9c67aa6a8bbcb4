package cloudwatchlogs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"riposte.dev/event"
	"riposte.dev/fault"
)

func record(id string) string {
	return `{"eventVersion":"1.09","eventID":"` + id + `","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com",` +
		`"awsRegion":"eu-west-1","eventTime":"2026-03-01T03:00:00Z","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser"}}`
}

const envelope = `{"version":"0","id":"e1","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2",` +
	`"account":"111122223333","time":"2026-03-01T03:00:00Z","region":"eu-west-1","resources":[],"detail":{"state":"running"}}`

func pack(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func message(t testing.TB, texts ...string) []byte {
	t.Helper()
	m := Message{Type: "DATA_MESSAGE", Owner: "111122223333", LogGroup: "trail", LogStream: "s", SubscriptionFilters: []string{"f"}}
	for i, text := range texts {
		m.LogEvents = append(m.LogEvents, LogEvent{ID: fmt.Sprint(i), Timestamp: 1772334000000, Message: text})
	}
	plain, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestDecode(t *testing.T) {
	plain := message(t, record("r1"), envelope)
	for name, data := range map[string][]byte{"gzip": pack(t, plain), "decompressed by Firehose": plain} {
		m, err := Decode(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m.Owner != "111122223333" || m.LogGroup != "trail" || m.LogStream != "s" || len(m.LogEvents) != 2 || m.LogEvents[1].Timestamp != 1772334000000 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestControlMessagesCarryNothing(t *testing.T) {
	m, err := Decode(pack(t, []byte(`{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",`+
		`"subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	if events, bad := Events(m); len(events)+len(bad) != 0 {
		t.Errorf("events %v, bad %v", events, bad)
	}
}

func TestDecodeRefuses(t *testing.T) {
	whole := pack(t, message(t, record("r1")))
	many := `{"messageType":"DATA_MESSAGE","logEvents":[` + strings.Repeat("{},", maxEvents) + `{}]}`
	for name, tt := range map[string]struct {
		data []byte
		code fault.Code
	}{
		"nothing":            {nil, fault.Invalid},
		"text":               {[]byte("hello"), fault.Invalid},
		"cut gzip":           {whole[:len(whole)-10], fault.Invalid},
		"only the magic":     {whole[:2], fault.Invalid},
		"another type":       {[]byte(`{"messageType":"OTHER"}`), fault.Invalid},
		"no type":            {[]byte(`{"logEvents":[]}`), fault.Invalid},
		"two of a key":       {[]byte(`{"messageType":"DATA_MESSAGE","messageType":"CONTROL_MESSAGE"}`), fault.Invalid},
		"events in a string": {[]byte(`{"messageType":"DATA_MESSAGE","logEvents":"x"}`), fault.Invalid},
		"two messages":       {append(message(t), message(t)...), fault.Invalid},
		"long name":          {[]byte(`{"messageType":"DATA_MESSAGE","logGroup":"` + strings.Repeat("x", maxName+1) + `"}`), fault.Invalid},
		"long id":            {[]byte(`{"messageType":"DATA_MESSAGE","logEvents":[{"id":"` + strings.Repeat("x", maxID+1) + `"}]}`), fault.Invalid},
		"too many events":    {[]byte(many), fault.TooLarge},
		"bomb":               {pack(t, make([]byte, maxPlain+1)), fault.TooLarge},
		"too many bytes":     {make([]byte, maxPacked+1), fault.TooLarge},
	} {
		if _, err := Decode(tt.data); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v (%s), want %s", name, err, fault.CodeOf(err), tt.code)
		}
	}
}

func TestEvents(t *testing.T) {
	mentions := strings.Replace(record("r2"), `"userIdentity"`, `"requestParameters":{"detail-type":"x"},"userIdentity"`, 1)
	m, err := Decode(message(t, record("r1"), "plain text", envelope, mentions, record("r3")[:60], envelope[:90]))
	if err != nil {
		t.Fatal(err)
	}
	events, bad := Events(m)
	var got []string
	for _, e := range events {
		got = append(got, e.Source+" "+e.ID)
	}
	if want := "[aws.cloudtrail r1 aws.ec2 e1 aws.cloudtrail r2]"; fmt.Sprint(got) != want {
		t.Errorf("events %v, want %s", got, want)
	}
	if len(bad) != 3 || bad[0].Key != "trail/s/1" || bad[1].Key != "trail/s/4" || bad[2].Key != "trail/s/5" {
		t.Fatalf("bad %+v", bad)
	}
	if string(bad[0].Data) != "plain text" || bad[0].Reason == "" {
		t.Errorf("bad %+v", bad[0])
	}
}

func TestBadIsBounded(t *testing.T) {
	m := Message{Type: dataMessage, LogGroup: strings.Repeat("g", maxName), LogStream: strings.Repeat("s", maxName)}
	m.LogEvents = logEvents{{ID: strings.Repeat("1", maxID), Message: strings.Repeat("x", event.MaxBytes+1)}}
	_, bad := Events(m)
	if len(bad) != 1 || len(bad[0].Key) > 1024 || len(bad[0].Data) != event.MaxBytes {
		t.Errorf("key of %d bytes, data of %d", len(bad[0].Key), len(bad[0].Data))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(pack(f, message(f, record("r1"), envelope)))
	f.Add(message(f, "x"))
	f.Add([]byte(`{"messageType":"CONTROL_MESSAGE"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Invalid && code != fault.TooLarge {
				t.Errorf("code %s: %v", code, err)
			}
			return
		}
		events, bad := Events(m)
		if len(events)+len(bad) != len(m.LogEvents) {
			t.Errorf("%d log events became %d events and %d bad", len(m.LogEvents), len(events), len(bad))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = record(fmt.Sprint("record-", i))
	}
	plain := message(b, texts...)
	data := pack(b, plain)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		m, err := Decode(data)
		if err != nil {
			b.Fatal(err)
		}
		if events, _ := Events(m); len(events) != len(texts) {
			b.Fatal(len(events))
		}
	}
}
