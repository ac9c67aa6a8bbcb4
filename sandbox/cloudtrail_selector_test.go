package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/sandbox"
)

func TestTrailsLogWhatTheyShould(t *testing.T) {
	for _, tc := range []struct {
		name      string
		change    func(*cloudtrail.CreateTrailInput)
		selectors *cloudtrail.PutEventSelectorsInput
		want      string
	}{
		{"home region and global services", func(*cloudtrail.CreateTrailInput) {}, nil, "GetTrail GetTrail ListUsers"},
		{"without global services", func(in *cloudtrail.CreateTrailInput) { in.IncludeGlobalServiceEvents = aws.Bool(false) }, nil, "GetTrail GetTrail"},
		{"all regions", multiRegion, nil, "GetTrail GetTrail ListUsers GetCallerIdentity"},
		{"writes only", multiRegion, &cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{ReadWriteType: types.ReadWriteTypeWriteOnly}}}, ""},
		{"without a service", multiRegion, &cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{ExcludeManagementEventSources: []string{"iam.amazonaws.com"}}}}, "GetTrail GetTrail GetCallerIdentity"},
		{"data events only", multiRegion, &cloudtrail.PutEventSelectorsInput{EventSelectors: []types.EventSelector{{IncludeManagementEvents: aws.Bool(false)}}}, ""},
		{"advanced", multiRegion, &cloudtrail.PutEventSelectorsInput{AdvancedEventSelectors: []types.AdvancedEventSelector{{FieldSelectors: []types.AdvancedFieldSelector{
			{Field: aws.String("eventCategory"), Equals: []string{"Management"}},
			{Field: aws.String("readOnly"), Equals: []string{"true"}},
			{Field: aws.String("eventSource"), NotEquals: []string{"sts.amazonaws.com"}},
			{Field: aws.String("eventName"), StartsWith: []string{"List"}, EndsWith: []string{"Trail", "Identity"}},
		}}}}, "GetTrail GetTrail ListUsers"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, ctx := newFilesWorld(t, sandbox.Options{}), t.Context()
			arn := w.makeTrail("main", tc.change)
			client := w.trailClient(w.root, "us-east-1")
			if tc.selectors != nil {
				tc.selectors.TrailName = &arn
				if _, err := client.PutEventSelectors(ctx, tc.selectors); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if _, err := client.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &arn}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := iam.NewFromConfig(w.config(w.root, "eu-west-1")).ListUsers(ctx, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := sts.NewFromConfig(w.config(w.root, "eu-west-1")).GetCallerIdentity(ctx, nil); err != nil {
				t.Fatal(err)
			}
			var reads []map[string]any
			for _, r := range w.logged("AWSLogs/") {
				if r["readOnly"] == true {
					reads = append(reads, r)
				}
			}
			slices.SortStableFunc(reads, func(a, b map[string]any) int {
				return strings.Compare(fmt.Sprint(b["awsRegion"]), fmt.Sprint(a["awsRegion"]))
			})
			if got := names(reads); got != tc.want {
				t.Errorf("logged %q, want %q", got, tc.want)
			}
		})
	}
}
