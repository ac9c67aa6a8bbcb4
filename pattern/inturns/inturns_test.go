package inturns

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestMeasure(t *testing.T) {
	events := slices.Repeat([][]byte{[]byte(`{"source": "aws.ec2", "detail": {"eventName": "RunInstances", "requestParameters": {}}}`)}, turn+1)
	var reads [2]int
	rounds := 0
	took := Measure(events, func() bool { rounds++; return rounds == 6 },
		func(event []byte) { reads[0]++; json.Valid(event) },
		func(event []byte) {
			reads[1]++
			for range 20 {
				json.Valid(event)
			}
		})
	if rounds != 6 || reads[0] != 6*len(events) || reads[1] != reads[0] {
		t.Errorf("%d rounds, %v reads", rounds, reads)
	}
	if len(took) != 2 || took[1] < 4*took[0] {
		t.Errorf("reading once takes %v, twenty times %v", took[0], took[1])
	}
}

func TestQuickerHalf(t *testing.T) {
	for _, test := range []struct {
		times []float64
		want  float64
	}{{[]float64{3}, 3}, {[]float64{9, 1}, 1}, {[]float64{4, 100, 2, 50, 3}, 3}} {
		if got := quickerHalf(test.times); got != test.want {
			t.Errorf("%v: %v", test.times, got)
		}
	}
}
