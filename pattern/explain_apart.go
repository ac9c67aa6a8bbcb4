package pattern

import (
	"fmt"
	"slices"
	"strings"
)

// apart explains why an event does not match though each field holds alone: the values lie in different elements of an
// array. It returns the conditions that this is about.
func (x *explainer) apart() (text string, conditions []int32) {
	for _, i := range x.shown {
		for _, hit := range x.seen.hits[i] {
			if len(hit.around) > 0 {
				conditions = append(conditions, i)
				break
			}
		}
		if x.conditions[i].absent && !slices.Contains(conditions, i) && x.seen.spots[x.conditions[i].name].count > 0 {
			conditions = append(conditions, i)
		}
	}
	slices.Sort(conditions)
	conditions = slices.Compact(conditions)
	for n, i := range conditions {
		for _, j := range conditions[n+1:] {
			if array, ok := x.exclude(i, j); ok {
				return fmt.Sprintf("%s and %s both hold, but in different elements of %s: %s; %s", clipped(x.conditions[i].name),
					clipped(x.conditions[j].name), clipped(array), x.whereHolds(i, array), x.whereHolds(j, array)), []int32{i, j}
			}
		}
	}
	names := make([]string, 0, maxShown)
	for _, i := range conditions[:min(len(conditions), maxShown)] {
		names = append(names, clipped(x.conditions[i].name))
	}
	text = "each field holds alone, but not together: no elements of the event's arrays satisfy " + strings.Join(names, ", ")
	if more := len(conditions) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	for _, i := range conditions {
		if x.conditions[i].absent {
			return text + "; a field is absent only if the element that the others chose lacks it", conditions
		}
	}
	return text + " at once", conditions
}

// exclude reports whether two conditions hold only in elements that exclude one another, and an array that has such.
func (x *explainer) exclude(i, j int32) (array string, ok bool) {
	one, other := x.seen.hits[i], x.seen.hits[j]
	if x.conditions[i].absent || x.conditions[j].absent || len(one) == maxLeaves || len(other) == maxLeaves {
		return "", false
	}
	for _, a := range one {
		for _, b := range other {
			common, apart := between(a, b)
			if !apart {
				return "", false
			}
			array = common
		}
	}
	return array, array != ""
}

// between returns the array of which two values lie in different elements, if there is one.
func between(a, b *leaf) (array string, apart bool) {
	for _, in := range a.around {
		for _, other := range b.around {
			if in.array == other.array && in.index != other.index {
				return in.name, true
			}
		}
	}
	return "", false
}

// whereHolds lists the elements of an array in which a condition holds.
func (x *explainer) whereHolds(i int32, array string) string {
	var at []string
	for _, hit := range x.seen.hits[i] {
		for _, in := range hit.around {
			if position := fmt.Sprintf("[%d]", in.index); in.name == array && !slices.Contains(at, position) {
				at = append(at, position)
			}
		}
	}
	shown := strings.Join(at[:min(len(at), maxShown)], ", ")
	if more := len(at) - maxShown; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return lastName(x.conditions[i].name) + " in " + shown
}

func lastName(path string) string { return clipped(path[strings.LastIndexByte(path, '.')+1:]) }
