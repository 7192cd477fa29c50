"""Front-ends: sound to features on a grid."""
