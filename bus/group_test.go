package bus

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/fault"
)

func TestGroupRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Event {
			return Event{
				Key:  rapid.StringN(0, 300, -1).Draw(t, "key"),
				Data: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data"),
			}
		}), 1, 20).Draw(t, "events")
		var buf []byte
		for _, e := range events {
			before := len(buf)
			buf = appendEvent(buf, e)
			if added := len(buf) - before; added > frameSize(e)+1 {
				t.Fatalf("frameSize says %d, %d were added", frameSize(e), added)
			}
		}
		got, err := decodeGroup(buf)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(events) {
			t.Fatalf("%d events became %d", len(events), len(got))
		}
		for i := range got {
			if got[i].Key != events[i].Key || !bytes.Equal(got[i].Data, events[i].Data) {
				t.Fatalf("event %d: %+v became %+v", i, events[i], got[i])
			}
		}
	})
}

func TestDecodeGroupRefuses(t *testing.T) {
	whole := appendEvent(nil, Event{Key: "k", Data: []byte("data")})
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "not a group"},
		{"another version", append([]byte{9}, whole[1:]...), "not a group"},
		{"cut in the data", whole[:len(whole)-1], "event 0"},
		{"cut after the key", whole[:3], "event 0"},
		{"cut in the second event", append(bytes.Clone(whole), 1), "event 1"},
		{"a length beyond 64 bits", append([]byte{groupVersion}, bytes.Repeat([]byte{0xff}, 12)...), "event 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeGroup(tt.in)
			if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzDecodeGroup looks for input that panics, or that means something that encoding it again does not.
func FuzzDecodeGroup(f *testing.F) {
	f.Add([]byte{groupVersion})
	f.Add(appendEvent(appendEvent(nil, Event{Key: "k", Data: []byte("data")}), Event{}))
	f.Add([]byte{groupVersion, 0x81, 0x00})
	f.Fuzz(func(t *testing.T, in []byte) {
		events, err := decodeGroup(in)
		if err != nil || len(events) == 0 {
			return
		}
		var buf []byte
		for _, e := range events {
			buf = appendEvent(buf, e)
		}
		again, err := decodeGroup(buf)
		if err != nil || len(again) != len(events) {
			t.Fatalf("%d events, encoded again: %d, %v", len(events), len(again), err)
		}
		for i := range events {
			if again[i].Key != events[i].Key || !bytes.Equal(again[i].Data, events[i].Data) {
				t.Fatalf("event %d changed", i)
			}
		}
	})
}
