"""Those who sing: voices from espeak-ng and Sinsy, and their words."""
