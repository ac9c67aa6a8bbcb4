package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// ec2Attributes are what filters look at: the values of a resource by the name
// of the filter. Every name that the operation has is there, perhaps without values.
type ec2Attributes map[string][]string

// tagged adds what the filters tag:… and tag-key look at.
func (a ec2Attributes) tagged(tags map[string]string) ec2Attributes {
	a["tag-key"] = slices.Sorted(maps.Keys(tags))
	for k, v := range tags {
		a["tag:"+k] = []string{v}
	}
	return a
}

// selected are the resources that the input's member names by id; all of them where it names none.
func selected[T any](c *call, member string, all []T, existing func(id string) (T, error)) ([]T, error) {
	ids := c.in.strs(member)
	if len(ids) == 0 {
		return all, nil
	}
	var out []T
	for _, id := range ids {
		x, err := existing(id)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// filtered are the resources that match all filters, any value of each
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html).
func filtered[T any](c *call, all []T, attributes func(T) ec2Attributes) ([]T, error) {
	filters := c.in.objects("Filters")
	var out []T
	for _, x := range all {
		have := attributes(x)
		fits := true
		for _, f := range filters {
			name := f.str("Name")
			values, known := have[name]
			_, tagged := have["tag-key"]
			if !known && !(tagged && strings.HasPrefix(name, "tag:")) {
				return nil, c.fail(wire.Invalid, "The filter '%s' is invalid", name)
			}
			fits = fits && matchesFilter(values, f.strs("Values"))
		}
		if fits {
			out = append(out, x)
		}
	}
	return out, nil
}

func matchesFilter(have, want []string) bool {
	for _, h := range have {
		if slices.ContainsFunc(want, func(w string) bool { return policy.Like(h, w) }) {
			return true
		}
	}
	return false
}

// ec2Page is the page of a Describe operation's output.
func ec2Page[T any](c *call, found []T, name string, each func(T) any) (wire.Object, error) {
	size := c.in.number("MaxResults", 1000)
	if size < 5 {
		return nil, c.fail(wire.Invalid, "Value ( %d ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.", size)
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), min(size, 1000))
	if err != nil {
		return nil, c.fail(wire.Invalid, "Invalid value for parameter NextToken: %v", err)
	}
	out := wire.Object{name: list(page, each)}
	put(out, "NextToken", next)
	return out, nil
}

func boolText(b bool) string { return strconv.FormatBool(b) }
