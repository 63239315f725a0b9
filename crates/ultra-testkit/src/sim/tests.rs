use super::*;

#[test]
fn random_worlds_keep_every_promise() {
    for seed in 0..2_000 {
        if let Err(broken) = run(&World::random(seed), None) {
            panic!("{broken}");
        }
    }
}

#[test]
fn a_world_plays_the_same_way_every_time() {
    for seed in 0..50 {
        let world = World::random(seed);
        assert_eq!(run(&world, None), run(&world, None), "seed {seed}");
    }
}
