package eventbridge

import (
	"net/http"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/pattern"
)

// testEventPattern answers TestEventPattern
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html).
func testEventPattern(body []byte) (any, error) {
	var req struct{ Event, EventPattern string }
	if err := jsonv2.Unmarshal(body, &req); err != nil {
		return nil, &apiError{http.StatusBadRequest, "SerializationException", err.Error()}
	}
	p, err := pattern.Parse([]byte(req.EventPattern))
	if err != nil {
		return nil, &apiError{http.StatusBadRequest, "InvalidEventPatternException", "Event pattern is not valid. Reason: " + err.Error()}
	}
	fields := map[string]any{}
	if err := jsonv2.Unmarshal([]byte(req.Event), &fields); err != nil {
		return nil, validation("Parameter Event is not valid. Reason: " + err.Error())
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, ok := fields[name]; !ok {
			return nil, validation("Parameter Event is not valid. Reason: " + name + " is a required field.")
		}
	}
	matched, err := p.Match([]byte(req.Event))
	if err != nil {
		return nil, validation("Parameter Event is not valid. Reason: " + err.Error())
	}
	return map[string]bool{"Result": matched}, nil
}
