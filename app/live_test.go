package app

import (
	"strconv"
	"testing"
	"time"

	"riposte.dev/web"
)

func TestWatchBeginsWithTheLinesSinceThen(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		since time.Time
		first string
		lines int
	}{
		{"from now on", time.Time{}, "now", 1},
		{"the last three", began.Add((remembered + 2) * time.Second), strconv.Itoa(remembered + 2), 4},
		{"more than is remembered", began, "5", remembered + 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLive()
			for i := range remembered + 5 {
				l.send(web.Line{Time: began.Add(time.Duration(i) * time.Second), Text: strconv.Itoa(i)})
			}
			lines := l.watch(t.Context(), tt.since)
			l.send(web.Line{Time: began, Text: "now"})
			if got := <-lines; got.Text != tt.first || len(lines) != tt.lines-1 {
				t.Errorf("first line %q and %d more, want %q and %d", got.Text, len(lines), tt.first, tt.lines-1)
			}
		})
	}
}

func TestWatchAfterTheEndIsOver(t *testing.T) {
	l := newLive()
	lines := l.watch(t.Context(), time.Time{})
	l.close()
	if _, open := <-lines; open {
		t.Error("the watch goes on")
	}
	if _, open := <-l.watch(t.Context(), time.Time{}); open {
		t.Error("a watch began after the end")
	}
}
