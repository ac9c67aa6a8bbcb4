package actiontest

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// LastEvent returns CloudTrail's record of the account's newest event of a name.
func (c *Cloud) LastEvent(region, name string) json.RawMessage {
	c.T.Helper()
	out, err := cloudtrail.NewFromConfig(c.Admin(Account, region)).LookupEvents(c.T.Context(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &name}},
	})
	c.Must(err)
	if len(out.Events) == 0 {
		c.T.Fatalf("there is no record of %s", name)
	}
	return json.RawMessage(*out.Events[0].CloudTrailEvent)
}

// EventParams are the parameters {"event": …} of the account's newest event of a name, with the record changed.
func (c *Cloud) EventParams(region, name string, changes ...func(record map[string]any)) string {
	c.T.Helper()
	var record map[string]any
	c.Must(json.Unmarshal(c.LastEvent(region, name), &record))
	for _, change := range changes {
		change(record)
	}
	raw, err := json.Marshal(map[string]any{"event": record})
	c.Must(err)
	return string(raw)
}

// AnHourLater has a record say that it came an hour after what was before.
func AnHourLater(record map[string]any) {
	record["eventTime"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
}
