package app

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"riposte.dev/event"
	"riposte.dev/notify"
	"riposte.dev/web"
)

var liveBegan = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// lively is a live with n lines, a second apart, whose texts count from 0.
func lively(n int) *live {
	l := newLive(func() time.Time { return liveBegan })
	for i := range n {
		l.send(web.Line{Time: liveBegan.Add(time.Duration(i) * time.Second), Text: strconv.Itoa(i)})
	}
	return l
}

func TestWatchBeginsWhereItIsAsked(t *testing.T) {
	const sent = remembered + 5
	life := lively(0).life
	tests := []struct {
		name  string
		from  web.From
		first string
		lines int
	}{
		{"from now on", web.From{}, "now", 1},
		{"the last three", web.From{Since: liveBegan.Add((remembered + 2) * time.Second)}, strconv.Itoa(remembered + 2), 4},
		{"more than is remembered", web.From{Since: liveBegan}, "5", remembered + 1},
		{"after a line", web.From{After: life + "-1000"}, "1001", sent - 1001 + 1},
		{"after the last line", web.From{After: life + "-" + strconv.Itoa(sent-1)}, "now", 1},
		{"after a line, and since later", web.From{After: life + "-1000", Since: liveBegan.Add((remembered + 4) * time.Second)}, strconv.Itoa(remembered + 4), 2},
		{"after a line that is forgotten", web.From{After: life + "-2"}, "2 lines are not known any more", remembered + 2},
		{"after a line of the life before", web.From{After: "before-2000"}, "5 lines are not known any more", remembered + 2},
		{"after nonsense", web.From{After: life + "-x"}, "5 lines are not known any more", remembered + 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := lively(sent)
			lines := l.watch(t.Context(), tt.from)
			l.send(web.Line{Time: liveBegan, Text: "now"})
			if got := <-lines; !strings.HasPrefix(got.Text, tt.first) || len(lines) != tt.lines-1 {
				t.Errorf("first line %q and %d more, want %q and %d", got.Text, len(lines), tt.first, tt.lines-1)
			}
		})
	}
}

func TestASlowWatcherIsToldWhatItMissed(t *testing.T) {
	l := lively(0)
	lines := l.watch(t.Context(), web.From{})
	for range backlog + 3 {
		l.send(web.Line{Text: "x"})
	}
	for len(lines) > 0 {
		<-lines
	}
	l.send(web.Line{Text: "after"})
	if got := <-lines; got.Kind != web.LineMissed || got.ID != "" || !strings.HasPrefix(got.Text, "3 lines") {
		t.Errorf("line %+v, want the count of three", got)
	}
	if got := <-lines; got.Text != "after" || got.ID == "" {
		t.Errorf("line %+v", got)
	}
}

func TestWatchAfterTheEndIsOver(t *testing.T) {
	l := lively(0)
	lines := l.watch(t.Context(), web.From{})
	l.close()
	if _, open := <-lines; open {
		t.Error("the watch goes on")
	}
	if _, open := <-l.watch(t.Context(), web.From{}); open {
		t.Error("a watch began after the end")
	}
}

func TestFindingsAreToldByTheirTitle(t *testing.T) {
	detail := `{"findings":[{"Id":"f1","AwsAccountId":"111122223333","Region":"eu-west-1","Title":"a trail stopped","Severity":{"Label":"HIGH"},
		"Workflow":{"Status":"RESOLVED"},"ProductFields":{"riposte/RuleId":"r"}}]}`
	l := lively(0)
	lines := l.watch(t.Context(), web.From{})
	l.finding(&event.Envelope{Detail: json.RawMessage(detail)})
	got := <-lines
	want := web.Line{ID: got.ID, Time: liveBegan, Kind: "finding", Severity: "HIGH", Account: "111122223333", Region: "eu-west-1", Rule: "r",
		Finding: "f1", Text: "a trail stopped (RESOLVED)"}
	if got != want {
		t.Errorf("line %+v, want %+v", got, want)
	}
}

// fakeLog is a log whose disk may be full.
type fakeLog struct {
	notify.Log
	err error
}

func (f fakeLog) Record(context.Context, notify.Entry) error { return f.err }

func TestDeliveriesAreToldOnceTheyAreOnDisk(t *testing.T) {
	tests := []struct {
		entry notify.Entry
		err   error
		text  string
	}{
		{notify.Entry{Channel: "mail", To: "ops@example.com", Status: notify.Sent, Subject: "s"}, nil, "sent to mail ops@example.com: s"},
		{notify.Entry{Channel: "slack", Status: notify.Retrying, Error: "no route"}, nil, "not sent to slack yet: no route"},
		{notify.Entry{Channel: "slack", Status: notify.Dead, Error: "gone"}, nil, "never sent to slack: gone"},
		{notify.Entry{Status: notify.Skipped}, nil, ""},
		{notify.Entry{Status: notify.Sent}, errors.New("the disk is full"), ""},
	}
	for _, tt := range tests {
		l := lively(0)
		lines := l.watch(t.Context(), web.From{})
		if err := (watchedLog{fakeLog{err: tt.err}, l}).Record(t.Context(), tt.entry); !errors.Is(err, tt.err) {
			t.Errorf("error %v, want %v", err, tt.err)
		}
		l.close()
		if got := <-lines; got.Text != tt.text {
			t.Errorf("%+v is told as %q, want %q", tt.entry, got.Text, tt.text)
		}
	}
}
