package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// selects says whether the trail's event selectors want a management record
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html).
func (t *trail) selects(r *eventRecord) bool {
	if t.advanced != nil {
		return slices.ContainsFunc(input{"s": t.advanced}.objects("s"), func(s input) bool { return advancedSelects(s, r) })
	}
	selectors := t.selectors
	if selectors == nil {
		selectors = defaultSelectors()
	}
	return slices.ContainsFunc(input{"s": selectors}.objects("s"), func(s input) bool {
		kind := s.str("ReadWriteType")
		return s.flag("IncludeManagementEvents", true) &&
			(kind != "ReadOnly" || r.ReadOnly) && (kind != "WriteOnly" || !r.ReadOnly) &&
			!slices.Contains(s.strs("ExcludeManagementEventSources"), r.EventSource)
	})
}

// advancedSelects says whether all fields of an advanced selector fit.
func advancedSelects(selector input, r *eventRecord) bool {
	for _, field := range selector.objects("FieldSelectors") {
		if !fieldFits(field, fieldOf(r, field.str("Field"))) {
			return false
		}
	}
	return true
}

// fieldOf is the value of a field that advanced selectors know, "" for those
// that management records lack.
func fieldOf(r *eventRecord, name string) string {
	switch name {
	case "eventCategory":
		return r.EventCategory
	case "readOnly":
		return strconv.FormatBool(r.ReadOnly)
	case "eventSource":
		return r.EventSource
	case "eventName":
		return r.EventName
	case "eventType":
		return r.EventType
	case "userIdentity.arn":
		return r.UserIdentity.ARN
	case "sessionCredentialFromConsole":
		return "false"
	}
	return ""
}

// fieldFits says whether a value has one of the wanted forms and none of the
// unwanted ones.
func fieldFits(field input, value string) bool {
	one := func(name string, fits func(value, part string) bool) bool {
		return slices.ContainsFunc(field.strs(name), func(part string) bool { return fits(value, part) })
	}
	equals := func(a, b string) bool { return a == b }
	wanted := field.has("Equals") || field.has("StartsWith") || field.has("EndsWith")
	if wanted && !one("Equals", equals) && !one("StartsWith", strings.HasPrefix) && !one("EndsWith", strings.HasSuffix) {
		return false
	}
	return !one("NotEquals", equals) && !one("NotStartsWith", strings.HasPrefix) && !one("NotEndsWith", strings.HasSuffix)
}
