package app

import (
	"slices"
	"testing"
)

func TestTellApart(t *testing.T) {
	tests := []struct {
		name   string
		places []place
		want   []string
	}{
		{"none", nil, []string{}},
		{"one", []place{{"q", "eu-west-1", "1"}}, []string{"q"}},
		{"two names", []place{{"q", "eu-west-1", "1"}, {"r", "eu-west-1", "1"}}, []string{"q", "r"}},
		{"two regions", []place{{"q", "eu-west-1", "1"}, {"q", "us-east-1", "1"}, {"r", "us-east-1", "1"}}, []string{"q eu-west-1", "q us-east-1", "r"}},
		{"two accounts", []place{{"q", "eu-west-1", "1"}, {"q", "eu-west-1", "2"}}, []string{"q eu-west-1 1", "q eu-west-1 2"}},
		{"one twice", []place{{"q", "eu-west-1", "1"}, {"q", "eu-west-1", "1"}}, []string{"q eu-west-1 1", "q eu-west-1 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tellApart(tt.places); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
