package cloudtrail

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// selectors are what a trail records, of one kind or the other, as CloudTrail's API has them
// (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html).
type selectors struct {
	Basic    []eventSelector    `json:"event_selectors,omitempty"`
	Advanced []advancedSelector `json:"advanced_event_selectors,omitempty"`
}

type eventSelector struct {
	ReadWriteType                 types.ReadWriteType `json:"ReadWriteType,omitempty"`
	IncludeManagementEvents       *bool               `json:"IncludeManagementEvents,omitempty"`
	ExcludeManagementEventSources []string            `json:"ExcludeManagementEventSources,omitempty"`
	DataResources                 []dataResource      `json:"DataResources,omitempty"`
}

type dataResource struct {
	Type   string   `json:"Type"`
	Values []string `json:"Values,omitempty"`
}

type advancedSelector struct {
	Name           string          `json:"Name,omitempty"`
	FieldSelectors []fieldSelector `json:"FieldSelectors"`
}

type fieldSelector struct {
	Field         string   `json:"Field"`
	Equals        []string `json:"Equals,omitempty"`
	StartsWith    []string `json:"StartsWith,omitempty"`
	EndsWith      []string `json:"EndsWith,omitempty"`
	NotEquals     []string `json:"NotEquals,omitempty"`
	NotStartsWith []string `json:"NotStartsWith,omitempty"`
	NotEndsWith   []string `json:"NotEndsWith,omitempty"`
}

// management is the selector of all management events.
func management() eventSelector {
	return eventSelector{ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true)}
}

func advancedManagement() advancedSelector {
	return advancedSelector{Name: "Management events", FieldSelectors: []fieldSelector{{Field: "eventCategory", Equals: []string{"Management"}}}}
}

// whole fills in what CloudTrail takes for granted, so that selectors can be compared.
func whole(list []eventSelector) []eventSelector {
	out := slices.Clone(list)
	for i := range out {
		if out[i].ReadWriteType == "" {
			out[i].ReadWriteType = types.ReadWriteTypeAll
		}
		if out[i].IncludeManagementEvents == nil {
			out[i].IncludeManagementEvents = aws.Bool(true)
		}
	}
	return out
}

func (s selectors) same(o selectors) bool {
	a, errA := json.Marshal(s)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && action.SameState(a, b)
}

// all reports whether every management event is recorded.
func (s selectors) all() bool {
	return slices.ContainsFunc(s.Basic, func(e eventSelector) bool {
		return *e.IncludeManagementEvents && e.ReadWriteType == types.ReadWriteTypeAll && len(e.ExcludeManagementEventSources) == 0
	}) || slices.ContainsFunc(s.Advanced, func(a advancedSelector) bool { return len(a.FieldSelectors) == 1 && a.ofManagement() })
}

func (a advancedSelector) ofManagement() bool {
	return slices.ContainsFunc(a.FieldSelectors, func(f fieldSelector) bool {
		return f.Field == "eventCategory" && slices.Equal(f.Equals, []string{"Management"})
	})
}

// withAll are the selectors with all management events; what they say of other events stays.
func (s selectors) withAll() selectors {
	if s.Advanced != nil {
		others := slices.DeleteFunc(slices.Clone(s.Advanced), advancedSelector.ofManagement)
		return selectors{Advanced: append(others, advancedManagement())}
	}
	var others []eventSelector
	for _, e := range s.Basic {
		if len(e.DataResources) > 0 {
			e.IncludeManagementEvents, e.ExcludeManagementEventSources = aws.Bool(false), nil
			others = append(others, e)
		}
	}
	return selectors{Basic: append(others, management())}
}

func readSelectors(ctx context.Context, cfg aws.Config, r action.Resource) (selectors, error) {
	out, err := cloudtrail.NewFromConfig(cfg).GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &r.ARN})
	if err != nil {
		return selectors{}, missingTrail(awscall.Fault(err, "cloudtrail:GetEventSelectors", "see what the trail %s records", r.Name), r)
	}
	var now selectors
	for _, e := range out.EventSelectors {
		one := eventSelector{e.ReadWriteType, e.IncludeManagementEvents, e.ExcludeManagementEventSources, nil}
		for _, d := range e.DataResources {
			one.DataResources = append(one.DataResources, dataResource{aws.ToString(d.Type), d.Values})
		}
		now.Basic = append(now.Basic, one)
	}
	now.Basic = whole(now.Basic)
	for _, a := range out.AdvancedEventSelectors {
		one := advancedSelector{Name: aws.ToString(a.Name)}
		for _, f := range a.FieldSelectors {
			one.FieldSelectors = append(one.FieldSelectors, fieldSelector{
				aws.ToString(f.Field), f.Equals, f.StartsWith, f.EndsWith, f.NotEquals, f.NotStartsWith, f.NotEndsWith,
			})
		}
		now.Advanced = append(now.Advanced, one)
	}
	return now, nil
}
