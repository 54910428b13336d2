//! D6, D16: how a change of the replicas is divided among `ReplicaSet`s, by hand.

use super::proportional;

/// Sets by revision and size; 25 % surge of the replicas before and after.
fn divided(sizes: &[u32], before: u32, after: u32) -> Vec<u32> {
    let most = |replicas: u32| if replicas == 0 { 0 } else { replicas + replicas.div_ceil(4) };
    let sets: Vec<(u32, u32)> = (0..).zip(sizes.iter().copied()).collect();
    proportional(&sets, most(after), most(before))
}

#[test]
fn d16_each_set_gets_its_part() {
    // 13 may become 25: 8 × 25/13 = 15.4 and 5 × 25/13 = 9.6.
    assert_eq!(divided(&[8, 5], 10, 20), [15, 10]);
    // 13 may become 7: 4.3 and 2.7.
    assert_eq!(divided(&[8, 5], 10, 5), [4, 3]);
    assert_eq!(divided(&[5, 8], 10, 5), [3, 4]);
    // Nothing is added or taken.
    assert_eq!(divided(&[8, 5], 10, 10), [8, 5]);
}

#[test]
fn d16_the_remainder_goes_to_the_largest() {
    // 13 become 25: 5 × 25/13 = 9.6 is 10, and 4 × 25/13 = 7.7 is 8, of which the last, the older, gets what is left of the 12.
    assert_eq!(divided(&[4, 4, 5], 10, 20), [7, 8, 10]);
    // 10 of 13 that may be there become 18: 5 × 18/13 = 6.9 and 5 × 18/13 = 6.9 leave 4, which the newer of the equal ones gets.
    assert_eq!(divided(&[5, 5], 10, 14), [7, 11]);
    // 13 become 4; 7 × 4/13 = 2.2 and 6 × 4/13 = 1.8.
    assert_eq!(divided(&[7, 6], 10, 3), [2, 2]);
}

/// 4 Pods, surge 1 before; halves are rounded away from zero, and of two equal sets the newer grows first, the older shrinks first.
#[test]
fn d16_ties_and_halves() {
    // 5 become 2 where two sets have 1 each: 0.4 are none. The first of them, the older, is taken; the other is cut at what is left.
    assert_eq!(proportional(&[(0, 1), (1, 1)], 1, 5), [0, 1]);
    // 2 × 5/4 = 2.5 is 3, and the other gets what is left of one: nothing.
    assert_eq!(proportional(&[(0, 2), (1, 2)], 5, 4), [2, 3]);
    // 2 × 3/4 = 1.5 is 2: neither loses a Pod by its part, and the remainder is the older one's.
    assert_eq!(proportional(&[(0, 2), (1, 2)], 3, 4), [1, 2]);
    // A rollback has made an old revision the newest of the list: its age counts.
    assert_eq!(proportional(&[(3, 2), (1, 2)], 5, 4), [3, 2]);
}

#[test]
fn d16_to_nothing_and_from_fewer_than_are_allowed() {
    assert_eq!(divided(&[8, 5], 10, 0), [0, 0]);
    // 5 of 10 are there, and 8 may be: the part of 5 is 4, and the remainder, which makes it 8, is the largest's, too.
    assert_eq!(proportional(&[(0, 5), (1, 0)], 8, 10), [8, 0]);
    // More than the new number may come together in the newest: the next step of the rollout takes them back (D2).
    assert_eq!(proportional(&[(0, 1), (1, 5)], 12, 10), [1, 11]);
}
